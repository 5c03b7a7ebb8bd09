import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Baseline } from "../support/leaks.ts";
import { backends, baseline, socketsOf } from "../support/leaks.ts";
import { RawClient } from "../support/raw-client.ts";
import { cancelRequest, packet, passwordMessage, sslRequest, startupPacket } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

const STRANGERS = 20;
const CONNECTIONS = 25;
const FAILURES = 5;
const SESSIONS = 3;
const TIMEOUT_MS = 5000;

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld({
    cluster: { decide: { mode: "token", roleClaim: "$['role','sub']" } },
    limits: {
      unauthenticatedPerAddress: STRANGERS,
      connectionsPerIdentity: SESSIONS,
      connections: CONNECTIONS,
      handshakeTimeout: `${TIMEOUT_MS}ms`,
    },
  });
  clean = await baseline(world);
});
after(() => world.stop());

const target = () => ({ port: world.gateway.port, ca: world.ca });

/** Opens that many connections and sends each `bytes`. */
async function crowd(size: number, bytes: Buffer): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: size }, () => RawClient.plain(target())));
  for (const client of clients) client.send(bytes);
  return clients;
}

/** Opens connections that never close their half: the way to make a server keep what it has finished with. */
async function lingering(size: number, bytes: Buffer): Promise<RawClient[]> {
  const clients: RawClient[] = [];
  while (clients.length < size) {
    const client = await RawClient.plain({ ...target(), allowHalfOpen: true });
    client.send(bytes);
    await client.finished();
    clients.push(client);
  }
  return clients;
}

const garbage = packet(0x1234_5678);

test("attack 4: strangers that were refused and do not hang up still count as strangers", async () => {
  const idle = socketsOf(world.gateway.pid);
  const clients = await lingering(5 * STRANGERS, garbage);
  assert.ok(socketsOf(world.gateway.pid) <= idle + STRANGERS, `${socketsOf(world.gateway.pid)} sockets`);
  for (const client of clients) client.vanish();
  await clean.holds();
});

test("attack 16: a client that sends a cancel request and does not hang up is hung up on", async () => {
  const clients = await lingering(STRANGERS, cancelRequest(1, Buffer.alloc(4)));
  await clean.settled();
  await clean.holds();
  for (const client of clients) client.vanish();
});

test("attack 4: one deadline holds for the whole handshake, wherever a client stops", async () => {
  const startup = startupPacket({ user: "ada", database: "postgres" });
  const quiet = await RawClient.plain(target());
  const half = await RawClient.plain(target());
  half.send(startup.subarray(0, 7));
  const asked = await RawClient.plain(target());
  asked.send(sslRequest);
  const started = await RawClient.tls(target());
  started.send(startup);
  const drip = await RawClient.tls(target());
  drip.send(startup);
  await drip.messagesUntil("R");
  drip.send(passwordMessage("x".repeat(5000)).subarray(0, 100));
  const dripping = setInterval(() => drip.send(Buffer.from("x")), 100);
  try {
    for (const client of [quiet, half, started, drip]) {
      const { code, message } = await client.refusal();
      assert.equal(code, "57014");
      assert.match(message, /the login took too long/);
    }
    await asked.gone(); // in the middle of a TLS handshake nothing can be said
  } finally {
    clearInterval(dripping);
  }
  await clean.holds();
});

test("attack 31: strangers over the limit are dropped at the door, and leave room for others when they go", async () => {
  const clients = await crowd(STRANGERS, Buffer.alloc(0));
  const late = await RawClient.plain(target());
  await late.gone();
  assert.equal(late.received, 0);
  const line = await world.gateway.logged(
    (entry) => entry.event === "connection.refused.v1" && entry["code"] === "wire/too-many-connections",
  );
  assert.equal(line["detail"], "refused at the door");
  for (const client of clients) client.vanish();
  await clean.settled();
  await clean.holds();
});

test("attack 31: an identity may have so many sessions and no more, however fast it asks", async () => {
  const attempts = await Promise.allSettled(Array.from({ length: 3 * SESSIONS }, () => world.connect()));
  const connected = attempts.filter((attempt) => attempt.status === "fulfilled").map(({ value }) => value);
  const refused = attempts.filter((attempt) => attempt.status === "rejected");
  assert.equal(connected.length, SESSIONS);
  for (const { reason } of refused) {
    assert.equal(reason.code, "53300");
    assert.match(reason.message, /this identity has too many sessions/);
  }
  assert.equal((await backends(world)).length, SESSIONS);
  const ben = await world.connect({ user: "ben", password: world.token("ben") });
  await ben.end();
  for (const client of connected) await client.end();
  await clean.holds();
});

test("attack 31: connections are bounded in total, sessions and strangers together", async () => {
  const crew: RawClient[] = [];
  while (crew.length < CONNECTIONS) {
    const client = await RawClient.tls(target());
    // Each is somebody else, all as the same role.
    await client.logIn("ada", world.token(`person-${crew.length}`, { role: "ada" }));
    crew.push(client);
  }
  const late = await RawClient.plain(target());
  await late.gone();
  assert.equal(late.received, 0);
  for (const client of crew) client.vanish();
  await clean.settled();
  await clean.holds();
});

test(`attack 31: an address that failed ${FAILURES} times in a minute has to wait`, async () => {
  const limited = await startWorld({ limits: { failedLoginsPerAddress: FAILURES } });
  try {
    for (let count = 0; count < FAILURES; count++) {
      await assert.rejects(limited.connect({ password: "wrong" }), { code: "28P01" });
    }
    await assert.rejects(limited.connect(), {
      code: "28000",
      message: /too many failed logins from this address; wait a minute/,
    });
  } finally {
    await limited.stop();
  }
});
