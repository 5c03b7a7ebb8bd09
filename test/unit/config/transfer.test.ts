import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../../src/base/secret.ts";
import { ClaimPath } from "../../../src/config/claim-path.ts";
import { packConfig, unpackConfig } from "../../../src/config/transfer.ts";
import { configOf, load } from "../../support/config-files.ts";

const YAML = `
doors: { postgres: { port: 7432, workers: 4 } }
issuers:
  - { name: jobs, algorithms: [HS256], keys: { secret: "0123456789abcdef0123456789abcdef" }, groupsClaim: "$.groups[*]" }
clusters:
  - name: main
    hosts: [{ host: db }]
    login: { method: role-password, passwords: { app: secret, kind: hunter2 } }
    decide: { mode: token, roleClaim: "$.roles[0]", roleMapping: { kind: [app], text: [app], path: [app] } }
`;

test("a configuration arrives in another process as it was, secrets and paths included", (t) => {
  const config = configOf(load(t, YAML));
  const arrived = unpackConfig(JSON.parse(JSON.stringify(packConfig(config))));
  assert.deepEqual(arrived, config);
  const { keys, groupsClaim } = arrived.issuers[0] ?? assert.fail();
  assert.ok(keys.secret instanceof Secret);
  assert.equal(keys.secret.reveal(), "0123456789abcdef0123456789abcdef");
  assert.ok(groupsClaim instanceof ClaimPath);
  assert.deepEqual(groupsClaim.select({ groups: ["a", "b"] }), ["a", "b"]);
  const { login } = arrived.clusters[0] ?? assert.fail();
  assert.ok(login.method === "role-password");
  const passwords = Object.entries(login.passwords ?? {}).map(([role, secret]) => [
    role,
    (secret as Secret).reveal(),
  ]);
  assert.deepEqual(passwords, [
    ["app", "secret"],
    ["kind", "hunter2"],
  ]);
});

test("what arrived cannot be changed either", (t) => {
  const arrived = unpackConfig(packConfig(configOf(load(t, YAML))));
  assert.ok(Object.isFrozen(arrived) && Object.isFrozen(arrived.clusters[0]?.decide));
});
