import assert from "node:assert/strict";
import { test } from "node:test";
import { portPlaces, shareOf, shareOfSupervisor, withPorts } from "../../../../src/daemon/workers/share.ts";
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

test("the PAM door is the supervisor's alone, and the others are the workers'", (t) => {
  const doors =
    "{ postgres: { port: 0 }, rest: { port: 0, database: app, authenticator: web }, pam: { unixSocket: { path: /run/pam.sock } } }";
  const config = configOf(load(t, YAML.replace("{ postgres: { port: 0 } }", doors)));
  assert.deepEqual(Object.keys(shareOf(config, 2).doors).sort(), ["postgres", "rest"]);
  assert.deepEqual(shareOfSupervisor(config), { ...config, doors: { pam: config.doors.pam } });
  assert.deepEqual(withPorts(config, portPlaces(config)), config);
});

test("all workers get the port that was found", (t) => {
  const config = configOf(load(t, YAML));
  const found = portPlaces(config).map((place) => ({ ...place, port: 7432 }));
  assert.equal(withPorts(config, found).doors.postgres?.port, 7432);
  assert.equal(config.doors.postgres?.port, 0);
});
