/** Row 27 where policy decides: names of Kubernetes' in claims of other issuers, and ways out of a namespace. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { stringify } from "yaml";
import type { RawObject, RawSubject } from "../support/rbac/case.ts";
import { bind, bindEverywhere, clusterRole, role } from "../support/rbac/case.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

const rule = (verb: string, resource: string, name: string) => ({
  verbs: [verb],
  apiGroups: ["postern.dev"],
  resources: [resource],
  resourceNames: [name],
});
const login = [rule("connect", "databases", "main/*"), rule("assume", "databaseroles", "ro")];
const user = (name: string): RawSubject => ({ kind: "User", name });
const group = (name: string): RawSubject => ({ kind: "Group", name });

/** Everything here could open the database as `ro`, if only the name or the namespace were another. */
const POLICY: readonly RawObject[] = [
  role("login", login, "shop"),
  clusterRole("login", login),
  bind(
    "Role/login",
    [
      { kind: "ServiceAccount", name: "app" },
      user("system:anonymous"),
      user("system:admin"),
      group("system:masters"),
      group("system:serviceaccounts"),
      group("system:serviceaccounts:shop"),
      group("system:unauthenticated"),
      group("staff"),
    ],
    { namespace: "shop", name: "reserved" },
  ),
  bindEverywhere("login", [
    { kind: "ServiceAccount", name: "app", namespace: "shop" },
    group("system:nodes"),
  ]),
  bind("ClusterRole/login", [user("eve"), group("other")], { namespace: "elsewhere", name: "elsewhere" }),
  role("login", login, "elsewhere"),
  bind("Role/login", [user("eve")], { namespace: "elsewhere", name: "own" }),
  // A Role of its namespace is meant, and there is none of that name here.
  role("only-elsewhere", login, "elsewhere"),
  bind("Role/only-elsewhere", [user("mallory")], { namespace: "shop", name: "missing" }),
];

interface Attempt {
  readonly name: string;
  readonly sub: string;
  readonly claims?: Readonly<Record<string, string | string[]>>;
}

const APP = "system:serviceaccount:shop:app";
const attempts: readonly Attempt[] = [
  { name: "a service account's name as subject", sub: APP },
  { name: "a service account's name as a username that is trusted", sub: "x", claims: { name: APP } },
  { name: "system:admin as a username", sub: "x", claims: { name: "system:admin" } },
  { name: "system:anonymous as a username", sub: "x", claims: { name: "system:anonymous" } },
  { name: "system:masters as a group", sub: "x", claims: { groups: ["system:masters"] } },
  { name: "all service accounts as a group", sub: "x", claims: { groups: ["system:serviceaccounts"] } },
  {
    name: "a namespace's service accounts as a group",
    sub: "x",
    claims: { groups: ["system:serviceaccounts:shop"] },
  },
  { name: "nodes as a group", sub: "x", claims: { groups: ["system:nodes"] } },
  { name: "those who prove nothing, as a group", sub: "x", claims: { groups: ["system:unauthenticated"] } },
  { name: "a ClusterRole that is bound in another namespace", sub: "x", claims: { name: "eve" } },
  { name: "a group that is bound in another namespace", sub: "x", claims: { groups: ["other"] } },
  { name: "a binding to a Role that another namespace has", sub: "x", claims: { name: "mallory" } },
  { name: "a group's name as username", sub: "x", claims: { name: "staff" } },
  { name: "a group in another case", sub: "x", claims: { groups: ["Staff"] } },
  { name: "a group with a blank", sub: "x", claims: { groups: ["staff "] } },
];

let world: World;
let directory: string;
before(async () => {
  directory = mkdtempSync(join(tmpdir(), "postern-names-"));
  const file = join(directory, "policy.yaml");
  writeFileSync(file, POLICY.map((object) => stringify(object)).join("---\n"));
  world = await startWorld({
    cluster: { namespace: "shop", decide: { mode: "rbac" } },
    issuer: { groupsClaim: "$.groups", usernameClaim: "$.name", trustUsernames: true },
    config: { policy: { files: [file] } },
  });
});
after(async () => {
  await world?.stop();
  rmSync(directory, { recursive: true });
});

for (const { name, sub, claims = {} } of attempts)
  test(`27: ${name} opens nothing`, async () => {
    const password = world.token(sub, { name: "nobody", ...claims });
    await assert.rejects(world.connect({ user: "ro", password }), { code: "28000" });
  });

test("27: a group that is bound in the cluster's namespace does open it", async () => {
  const password = world.token("x", { name: "ada", groups: ["staff"] });
  const client = await world.connect({ user: "ro", password });
  const { rows } = await client.query("SELECT current_user AS role");
  assert.deepEqual(rows, [{ role: "ro" }]);
  await client.end();
});

test("27: it was policy that refused each of them", () => {
  const denied = world.gateway.log.filter((line) => line.event === "login.denied.v1");
  assert.deepEqual(
    denied.map((line) => line["code"]),
    attempts.map(() => "policy/connect"),
  );
});
