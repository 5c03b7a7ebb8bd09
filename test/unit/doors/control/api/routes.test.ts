import assert from "node:assert/strict";
import { test } from "node:test";
import SwaggerParser from "@apidevtools/swagger-parser";
import { jitRoute } from "../../../../../src/doors/control/api/jit.ts";
import { openApi } from "../../../../../src/doors/control/api/openapi.ts";
import { apiRoutes } from "../../../../../src/doors/control/api/routes.ts";

for (const { method, path, need, params } of apiRoutes)
  test(`${method} ${path} says who may use it`, () => {
    // Whoever can reach the listener may use no route of the API: each asks at least who somebody is.
    assert.ok(need.kind === "identity" || need.kind === "permission");
    if (need.kind !== "permission") return;
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    // The id of a user is read as issuer and subject.
    const given = path.startsWith("/users/") ? { issuer: "x", subject: "y" } : "x";
    const act = need.act(Object.fromEntries(names.map((name) => [name, given])) as never);
    assert.match(act.verb, /^(get|list|create|update|delete)$/);
    assert.ok(act.resource.length > 0);
    // What the path names is what policy is asked about.
    assert.equal(act.namespace, names.includes("namespace") ? "x" : undefined);
    const named = given === "x" ? "x" : "x:y";
    assert.equal(act.name, names.includes("name") || names.includes("id") ? named : undefined);
    for (const name of names) assert.ok(params !== undefined && name in params.shape);
  });

test("every route that answers about others' policy asks policy", () => {
  const open = apiRoutes
    .filter(({ need }) => need.kind === "identity")
    .map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(open, [
    "GET /whoami",
    "POST /can-i",
    "GET /offers",
    "POST /namespaces/{namespace}/accessrequests",
    "GET /accessrequests",
    "GET /accessrequests/{id}",
    "POST /accessrequests/{id}/approve",
    "POST /accessrequests/{id}/deny",
    "POST /accessrequests/{id}/withdraw",
    "POST /accessrequests/{id}/extend",
    "POST /accessrequests/{id}/revoke",
    "POST /accessrequests/{id}/review",
    "GET /sessions",
    "GET /tokens",
    "DELETE /tokens/{id}",
  ]);
});

test("operations have names of their own", () => {
  const ids = apiRoutes.map(({ id }) => id);
  assert.deepEqual(ids.length, new Set(ids).size);
});

test("the description is valid OpenAPI 3.1", async () => {
  const document = JSON.parse(JSON.stringify(openApi([...apiRoutes, jitRoute])));
  await SwaggerParser.validate(document);
  assert.equal(document.openapi, "3.1.0");
  const paths = Object.keys(document.paths);
  assert.ok(paths.includes("/api/v1/namespaces/{namespace}/accessrequests"));
  assert.ok(paths.includes("/api/v1/jit/authorize"));
  const { parameters } = document.paths["/api/v1/clusterroles/{name}"].get;
  assert.deepEqual(
    parameters.map(({ name }: { name: string }) => name),
    ["name"],
  );
});

// /can-i only asks.
for (const { method, path, need } of apiRoutes)
  if (method !== "GET" && need.kind === "identity" && path !== "/can-i")
    test(`${method} ${path} says in policy's words what is on record when it is refused`, () => {
      assert.match(need.tries?.({} as never).verb ?? "", /^(approve|create|delete)$/);
    });
