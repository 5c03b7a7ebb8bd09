import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestHeaders } from "../../../../src/doors/rest/http/headers.ts";
import { claimsJson, transactionSettings } from "../../../../src/doors/rest/transaction-settings.ts";

const facts = {
  schema: "api",
  method: "GET",
  path: "/films",
  headers: new RequestHeaders(new Map()),
  claims: "{}",
  routine: [],
  timezone: undefined,
};
const standing = { extraSearchPath: ["public"], app: [] };

function settings(more: Partial<Parameters<typeof transactionSettings>[1]>, always = standing) {
  return new Map(transactionSettings(always, { ...facts, ...more }));
}

test("names of schemas are quoted, whatever they hold", () => {
  const extra = { ...standing, extraSearchPath: ['we"ird', "x, pg_temp"] };
  assert.equal(settings({}, extra).get("search_path"), '"api", "we""ird", "x, pg_temp"');
});

test("headers are one object without the cookies, and a name such as __proto__ is a name", () => {
  const headers = new RequestHeaders(
    new Map<string, string | string[]>([
      ["x-a", ["1", "2"]],
      ["cookie", "a=b"],
      ["__proto__", "x"],
    ]),
  );
  assert.equal(settings({ headers }).get("request.headers"), '{"x-a":"1, 2","__proto__":"x"}');
});

const cookies = [
  ["a=b", '{"a":"b"}'],
  ["a=b; c=d=e", '{"a":"b","c":"d=e"}'],
  ["a; =x;; b= 1 ", '{"a":"","b":"1"}'],
  ["__proto__=x", '{"__proto__":"x"}'],
] as const;
for (const [cookie, json] of cookies) {
  test(`cookies: ${cookie}`, () => {
    const headers = new RequestHeaders(new Map([["cookie", cookie]]));
    assert.equal(settings({ headers }).get("request.cookies"), json);
  });
}

test("a request without cookies says so, so that none of an earlier one can be seen", () => {
  assert.equal(settings({}).get("request.cookies"), "{}");
});

test("a function's settings cannot pass for what the request said, and the client's time zone wins over its own", () => {
  const routine = [
    ["request.jwt.claims", '{"role":"admin"}'],
    ["search_path", "pg_temp"],
    ["timezone", "UTC"],
    ["statement_timeout", "4s"],
  ] as const;
  const found = settings({ routine, timezone: "Europe/Vienna" });
  assert.equal(found.get("request.jwt.claims"), "{}");
  assert.equal(found.get("search_path"), '"api", "public"');
  assert.equal(found.get("timezone"), "Europe/Vienna");
  assert.equal(found.get("statement_timeout"), "4s");
});

for (const claims of [{ sub: "x" }, { sub: "x", role: "admin" }, { sub: "x", role: ["admin", "web"] }]) {
  test(`the claims name the role that was decided on, whatever the token says: ${JSON.stringify(claims)}`, () => {
    assert.deepEqual(JSON.parse(claimsJson(claims, "web")), { sub: "x", role: "web" });
  });
}
