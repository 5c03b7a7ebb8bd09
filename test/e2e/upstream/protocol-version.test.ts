import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { after, before, test } from "node:test";
import { int32, message } from "../../../src/protocol/bytes.ts";
import { errorResponse } from "../../../src/protocol/server-messages.ts";
import { debianPostgresMissing, startDebianPostgres } from "../../support/debian-postgres.ts";
import { answerGuard, type FakePeer, startFakeServer, welcome } from "../../support/fake-server.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { ask } from "../../support/upstream.ts";
import { upstreamsOf } from "../../support/upstream-suite.ts";

const V3_0 = 3 << 16;
const V3_2 = V3_0 | 2;

let server: TestPostgres;
before(async () => {
  server = await startPostgres({
    hba: ["host all all 127.0.0.1/32 trust"],
    sql: "CREATE ROLE app LOGIN",
  });
});
after(() => server.stop());

const to = upstreamsOf(() => server);
const at = (port: number) =>
  to({ login: { method: "trust" }, tls: { mode: "disable" }, hosts: [{ host: "127.0.0.1", port }] });

/** Stands before a server and keeps the first packet of each connection. */
async function tap(
  port: number,
): Promise<{ readonly port: number; readonly packets: Buffer[]; stop(): void }> {
  const packets: Buffer[] = [];
  const relay: Server = createServer((client) => {
    const behind = connect({ port, host: "127.0.0.1" });
    client.once("data", (packet: Buffer) => packets.push(packet));
    client.pipe(behind).pipe(client);
    client.on("error", () => behind.destroy());
    behind.on("error", () => client.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  return { port: (relay.address() as AddressInfo).port, packets, stop: () => relay.close() };
}

/** Logs in and cancels a query; returns the version that was asked for and the length of the cancel key. */
async function spoken(port: number): Promise<{ readonly version: number; readonly keyBytes: number }> {
  const relay = await tap(port);
  const session = await at(relay.port).open("app");
  const cancelled = assert.rejects(ask(session, "SELECT pg_sleep(60)"), /57014/);
  const requests: Promise<void>[] = [];
  const timer = setInterval(() => requests.push(session.cancel()), 100); // until one finds the query running
  await cancelled;
  clearInterval(timer);
  await Promise.all(requests); // a server or relay that stops would reset those that are still on their way
  session.close();
  relay.stop();
  const [startup, cancel] = relay.packets;
  assert.ok(startup !== undefined && cancel !== undefined);
  return { version: startup.readInt32BE(4), keyBytes: cancel.length - 12 };
}

test("PostgreSQL 18 is spoken to in protocol 3.2 with its long cancel keys, an older one in 3.0", async () => {
  assert.deepEqual(await spoken(server.port), { version: V3_2, keyBytes: server.major >= 18 ? 32 : 4 });
});

test("PostgreSQL 15 negotiates down to protocol 3.0", { skip: debianPostgresMissing }, async () => {
  const old = await startDebianPostgres("CREATE ROLE app LOGIN");
  try {
    assert.deepEqual(await spoken(old.port), { version: V3_2, keyBytes: 4 });
  } finally {
    await old.stop();
  }
});

for (const [who, sqlstate] of [
  ["an old server", "0A000"],
  ["an old pooler", "08P01"],
] as const) {
  test(`${who} that refuses protocol 3.2 is spoken to in 3.0, and from then on at once`, async () => {
    const versions: number[] = [];
    const fake = await startFakeServer(async (peer) => {
      const version = (await peer.packet()).readInt32BE(0);
      versions.push(version);
      if (version === V3_0) {
        peer.send(welcome);
        await answerGuard(peer);
      } else {
        peer.send(
          errorResponse({ severity: "FATAL", sqlstate, message: "unsupported frontend protocol 3.2" }),
        );
        peer.socket.end();
      }
    });
    const upstream = at(fake.port);
    (await upstream.open("app")).close();
    (await upstream.open("app")).close();
    assert.deepEqual(versions, [V3_2, V3_0, V3_0]);
    assert.deepEqual(upstream.events, []);
    await fake.stop();
  });
}

test("an error that has nothing to do with the version is not tried again", async () => {
  const fake = await startFakeServer(async (peer) => {
    await peer.packet();
    peer.send(errorResponse({ severity: "FATAL", sqlstate: "53300", message: "too many clients" }));
  });
  await assert.rejects(at(fake.port).open("app"), { name: "UpstreamRefused", sqlstate: "53300" });
  assert.equal(fake.peers.length, 1);
  await fake.stop();
});

const negotiation = (minor: number, ...options: readonly string[]) =>
  message("v", int32(V3_0 | minor), int32(options.length), options.map((name) => `${name}\0`).join(""));
const lies: readonly (readonly [what: string, play: (peer: FakePeer) => void])[] = [
  ["a newer version than was asked for", (peer) => peer.send(negotiation(3))],
  ["options that were not asked for", (peer) => peer.send(negotiation(0, "_pq_.evil"))],
  ["twice", (peer) => peer.send(negotiation(0), negotiation(0))],
  ["nothing at all", (peer) => peer.send(message("v"))],
];
for (const [what, play] of lies) {
  test(`attack 22: a server that negotiates ${what} gets no login`, async () => {
    const fake = await startFakeServer(async (peer) => {
      await peer.packet();
      play(peer);
    });
    await assert.rejects(at(fake.port).open("app"), { code: "upstream/protocol" });
    await fake.stop();
  });
}
