import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { stringify } from "yaml";
import { ended } from "../support/ended.ts";
import type { World } from "../support/world.ts";
import { ISSUER, startWorld } from "../support/world.ts";

const RBAC = "rbac.authorization.k8s.io";
const inShop = (name: string) => ({ name, namespace: "shop" });

const connect = {
  apiVersion: `${RBAC}/v1`,
  kind: "ClusterRole",
  metadata: { name: "connect" },
  rules: [
    { apiGroups: ["postern.dev"], resources: ["databases"], resourceNames: ["main/*"], verbs: ["connect"] },
  ],
};
const reader = {
  apiVersion: `${RBAC}/v1`,
  kind: "Role",
  metadata: inShop("reader"),
  rules: [
    { apiGroups: ["postern.dev"], resources: ["databaseroles"], resourceNames: ["ro"], verbs: ["assume"] },
  ],
};
const everybodyConnects = {
  apiVersion: `${RBAC}/v1`,
  kind: "RoleBinding",
  metadata: inShop("everybody"),
  subjects: [{ kind: "Group", name: "system:authenticated" }],
  roleRef: { kind: "ClusterRole", name: "connect" },
};
const binding = (...subjects: object[]) => ({
  apiVersion: `${RBAC}/v1`,
  kind: "RoleBinding",
  metadata: inShop("readers"),
  subjects,
  roleRef: { kind: "Role", name: "reader" },
});
const ADA = { kind: "User", name: `${ISSUER}:ada` };
const TEAM = { kind: "Group", name: "team" };

let world: World;
let directory: string;
let file: string;

function write(...objects: object[]): void {
  writeFileSync(
    file,
    [connect, reader, everybodyConnects, ...objects].map((object) => stringify(object)).join("---\n"),
  );
}

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "postern-policy-"));
  file = join(directory, "policy.yaml");
  write(binding(ADA));
  world = await startWorld({
    cluster: { namespace: "shop", decide: { mode: "rbac" } },
    issuer: { groupsClaim: "$.groups" },
    config: { policy: { files: [file] } },
  });
});
after(async () => {
  await world.stop();
  rmSync(directory, { recursive: true });
});
beforeEach(() => reload(binding(ADA)));

/** Writes the policy, and waits until it is in force. */
async function reload(...objects: object[]): Promise<void> {
  const loads = () => world.gateway.log.filter((line) => line.event === "config.loaded.v1").length;
  const before = loads();
  write(...objects);
  world.gateway.process.kill("SIGHUP");
  await world.gateway.logged(() => loads() > before);
}

const as = (sub: string, role: string, claims = {}) =>
  world.connect({ user: role, password: world.token(sub, claims) });

test("a binding lets its user be the role that it names, whatever the user is called", async () => {
  const client = await as("ada", "ro");
  const { rows } = await client.query("SELECT current_user, session_user");
  assert.deepEqual(rows, [{ current_user: "ro", session_user: "ro" }]);
  await client.end();
});

test("a role that no rule names is refused like one that does not exist", async () => {
  for (const role of ["ada", "nobody"])
    await assert.rejects(as("ada", role), { code: "28000", message: /this role is not open to you here/ });
  await world.gateway.logged((line) => line["code"] === "policy/assume");
});

test("somebody whom no binding names is refused", async () => {
  await assert.rejects(as("ben", "ro"), { code: "28000" });
});

test("a group that the token lists is as good as a name", async () => {
  await reload(binding(TEAM));
  const client = await as("ben", "ro", { groups: ["team"] });
  await client.end();
  await assert.rejects(as("ada", "ro"), { code: "28000" });
});

test("attack 27: a group of Kubernetes' own that a claim lists is nobody's", async () => {
  await reload(binding({ kind: "Group", name: "system:masters" }));
  await assert.rejects(as("ben", "ro", { groups: ["system:masters"] }), { code: "28000" });
});

test("taking a binding away ends the sessions that rest on it, and no others", async () => {
  await reload(binding(ADA, TEAM));
  const ada = await as("ada", "ro");
  const ben = await as("ben", "ro", { groups: ["team"] });
  const end = ended(ben);
  await reload(binding(ADA));
  const { code, message } = await end;
  assert.equal(code, "57P01");
  assert.match(message, /its right was taken away/);
  await ada.query("SELECT 1");
  await ada.end();
});

test("a policy that has a fault changes nothing, and the log says where the fault is", async () => {
  const refused = () => world.gateway.log.filter((line) => line.event === "config.refused.v1");
  const before = refused().length;
  write({ ...binding(ADA), roleRef: { kind: "Rolle", name: "reader" } });
  world.gateway.process.kill("SIGHUP");
  await world.gateway.logged(() => refused().length > before);
  assert.match(String(refused().at(-1)?.["detail"]), /policy\.yaml:\d+:\d+: roleRef\.kind: /);
  const client = await as("ada", "ro");
  await client.end();
});
