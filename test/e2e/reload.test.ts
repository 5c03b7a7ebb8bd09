import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { newKeyPair } from "../../src/identity/mint.ts";
import { ended } from "../support/ended.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

interface Changeable {
  readonly issuers: readonly Record<string, unknown>[];
  readonly clusters: readonly Record<string, unknown>[];
}

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());
beforeEach(() => reload({}));

/** Puts the configuration in force with some of it changed. */
const reload = (change: Readonly<Record<string, unknown>>) =>
  world.gateway.reconfigure({ ...world.config, ...change });

function withCluster(change: Readonly<Record<string, unknown>>) {
  const { clusters } = world.config as unknown as Changeable;
  return { clusters: clusters.map((cluster) => ({ ...cluster, ...change })) };
}

function withIssuer(change: Readonly<Record<string, unknown>>) {
  const { issuers } = world.config as unknown as Changeable;
  return { issuers: issuers.map((issuer) => ({ ...issuer, ...change })) };
}

const TAKEN_AWAY = { code: "57P01", message: /its right was taken away/ };

test("taking a role out of the mapping ends its sessions, and no others", async () => {
  const mapped = (roleMapping: Record<string, string[]>) =>
    withCluster({ decide: { mode: "token", roleMapping } });
  await reload(mapped({ ada: ["ada"], ben: ["ben"] }));
  const ada = await world.connect();
  const ben = await world.connect({ user: "ben", password: world.token("ben") });
  const end = ended(ben);
  await reload(mapped({ ada: ["ada"] }));
  const { code, message } = await end;
  assert.equal(code, TAKEN_AWAY.code);
  assert.match(message, TAKEN_AWAY.message);
  await ada.query("SELECT 1");
  await ada.end();
});

test("taking a database out of the list ends the sessions in it", async () => {
  const client = await world.connect();
  const end = ended(client);
  await reload(withCluster({ decide: { mode: "token", databases: ["elsewhere"] } }));
  assert.equal((await end).code, TAKEN_AWAY.code);
});

test("attack 29: a key that is taken out ends the sessions that rest on it, and its tokens are refused", async () => {
  const client = await world.connect();
  const end = ended(client);
  await reload(withIssuer({ keys: { pem: [newKeyPair("EdDSA").publicPem] } }));
  assert.equal((await end).code, TAKEN_AWAY.code);
  await assert.rejects(world.connect(), { code: "28P01", message: /the token is not valid/ });
});

test("attack 29: taking a privilege back ends the sessions that have it", async () => {
  await reload(withCluster({ privilegedRoles: ["root"] }));
  const root = await world.connect({ user: "root", password: world.token("root") });
  const end = ended(root);
  await reload({});
  assert.equal((await end).code, TAKEN_AWAY.code);
});

test("a session goes on through a reload that does not concern it", async () => {
  const client = await world.connect();
  await client.query("BEGIN");
  await reload({ log: { level: "debug" } });
  await client.query("SELECT 1");
  await client.query("COMMIT");
  await client.end();
});

test("attack 29: a bad configuration changes nothing and says what is wrong", async () => {
  const client = await world.connect();
  world.gateway.configure({ ...world.config, clusters: [{ name: "main" }] });
  const refused = await world.gateway.logged((line) => line.event === "config.refused.v1");
  assert.match(String(refused["detail"]), /clusters\[0\]/);
  await client.query("SELECT 1");
  await world.freshLoginWorks();
  await client.end();
});
