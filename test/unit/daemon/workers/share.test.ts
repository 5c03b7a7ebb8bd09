import assert from "node:assert/strict";
import { test } from "node:test";
import { portPlaces, shareOf, withPorts } from "../../../../src/daemon/workers/share.ts";
import { configOf, load } from "../../../support/config-files.ts";

const YAML = `
issuers: [{ name: corp, keys: { jwksUrl: "https://login.example.com/keys" } }]
clusters: [{ name: main, hosts: [{ host: db }], login: { method: trust } }]
limits:
  { connections: 1001, unauthenticated: 10, unauthenticatedPerAddress: 3, connectionsPerIdentity: 7, failedLoginsPerAddress: 9 }
doors: { postgres: { port: 0 } }
`;

test("limits of connections are shared out, rounded up; what is counted over all workers stays whole", (t) => {
  const config = configOf(load(t, YAML));
  const { limits, ...rest } = shareOf(config, 4);
  const { limits: whole, ...others } = config;
  assert.deepEqual(limits, { ...whole, connections: 251, unauthenticated: 3, unauthenticatedPerAddress: 1 });
  assert.deepEqual(rest, others);
});

test("all workers get the port that was found", (t) => {
  const config = configOf(load(t, YAML));
  const found = portPlaces(config).map((place) => ({ ...place, port: 7432 }));
  assert.equal(withPorts(config, found).doors.postgres?.port, 7432);
  assert.equal(config.doors.postgres?.port, 0);
});
