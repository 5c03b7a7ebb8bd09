import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { int32, message } from "../../src/protocol/bytes.ts";
import { VirtualClock } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { type FakePeer, type FakeServer, ready, startFakeServer, welcome } from "../support/fake-server.ts";
import { poolsOf } from "../support/pool.ts";

let server: FakeServer;
before(async () => {
  server = await startFakeServer(async () => {});
});
after(() => server.stop());
const pool = poolsOf(() => [server.port]);

const text = (value: string) => [int32(value.length), Buffer.from(value)];
const row = (...values: readonly string[]) =>
  message("D", Buffer.of(0, values.length), ...values.flatMap(text));
const error = (severity: string, sqlstate: string) =>
  message("E", `S${severity}\0V${severity}\0C${sqlstate}\0Mwords\0\0`);
const done = message("C", "SELECT 1\0");
/** The answer to one statement that was parsed, bound and run. */
const ran = Buffer.concat([message("1"), message("2"), row("x"), done]);
/** The statements of a transaction that reads: role and settings, one of the door, five that clean. */
const STATEMENTS = 7;
const honest = Buffer.concat([...Array.from({ length: STATEMENTS }, () => ran), ready]);

/** Reads up to Sync, the only message without a body. */
async function asked(peer: FakePeer): Promise<void> {
  while ((await peer.message()).length > 0);
}

async function logIn(peer: FakePeer): Promise<void> {
  await peer.packet();
  peer.send(welcome);
}

async function serve(peer: FakePeer): Promise<void> {
  await logIn(peer);
  for (;;) {
    await asked(peer);
    peer.send(honest);
  }
}

const lies: readonly (readonly [what: string, answer: Buffer, expected: Record<string, unknown>])[] = [
  ["an impossible length", Buffer.from("D\0\0\0\x03"), { code: "upstream/protocol" }],
  ["a message of two gigabytes", Buffer.from([0x54, 0x7f, 0xff, 0xff, 0xff]), { code: "upstream/protocol" }],
  ["a row of two gigabytes", Buffer.from([0x44, 0x7f, 0xff, 0xff, 0xff]), { code: "pool/result-too-large" }],
  ["a row that ends early", message("D", Buffer.from([0, 2]), ...text("x")), { code: "upstream/protocol" }],
  [
    "a column longer than its row",
    message("D", Buffer.from([0, 1]), int32(9)),
    { code: "upstream/protocol" },
  ],
  ["fewer results than statements", Buffer.concat([ran, ready]), { code: "upstream/protocol" }],
  ["no results at all", ready, { code: "upstream/protocol" }],
  [
    "more statements parsed than sent",
    Buffer.concat(Array(8).fill(message("1"))),
    { code: "upstream/protocol" },
  ],
  ["a transaction status that there is none of", message("Z", "?"), { code: "upstream/protocol" }],
  ["an unknown message", message("?"), { code: "upstream/protocol" }],
  ["a request to authenticate again", message("R", int32(3)), { code: "upstream/protocol" }],
  ["a command tag without an end", message("C", "SELECT 1"), { code: "upstream/protocol" }],
  ["an error without an end", message("E", "SERROR"), { code: "upstream/protocol" }],
  ["a notification cut short", message("A", int32(1), "x"), { code: "upstream/protocol" }],
  ["a parameter without a value", message("S", "x\0"), { code: "upstream/protocol" }],
  ["COPY", message("G", Buffer.from([0, 0, 0])), { name: "TypeError" }],
];

for (const [what, answer, expected] of lies)
  test(`a server that answers a transaction with ${what} is left, and the next one is asked`, async () => {
    let connections = 0;
    server.script = async (peer) => {
      connections += 1;
      if (connections > 1) return await serve(peer);
      await logIn(peer);
      await asked(peer);
      peer.send(answer);
    };
    const { ask } = pool({ cluster: { privilegedRoles: "any" }, settings: { size: 1 } });
    await assert.rejects(ask("web", "SELECT 1"), expected);
    assert.deepEqual(await ask("web", "SELECT 1"), [["x"]]);
  });

test("an answer that nobody asked for ends the connection before the next request can take it for its own", async () => {
  for (const extra of [honest, ran, row("another's"), done, error("FATAL", "57P01")]) {
    server.script = async (peer) => {
      await logIn(peer);
      await asked(peer);
      peer.send(honest, extra);
      await asked(peer);
      assert.fail("it was used again");
    };
    const { ask, pool: made } = pool({ cluster: { privilegedRoles: "any" }, settings: { size: 1 } });
    assert.deepEqual(await ask("web", "SELECT 1"), [["x"]]);
    await eventually("the connection is closed", () => made.stats().busy + made.stats().idle === 0);
  }
});

test("a server that stays silent after a cancel request loses the connection, and the request is told", async () => {
  const clock = new VirtualClock(Date.now());
  let cancels = 0;
  server.script = async (peer) => {
    const packet = await peer.packet();
    if (packet.readInt32BE(0) === 80877102) {
      cancels += 1;
      peer.socket.end();
      return;
    }
    peer.send(welcome);
  };
  const { ask, pool: made } = pool({ cluster: { privilegedRoles: "any" }, settings: { size: 1 }, clock });
  const abort = new AbortController();
  const before = server.peers.length;
  const running = assert.rejects(ask("web", "SELECT 1", { abort: abort.signal }), {
    code: "pool/connection-lost",
  });
  await eventually("it runs", () =>
    server.peers.slice(before).some(({ received }) => received.includes("SELECT 1")),
  );
  abort.abort();
  await eventually("a cancel request", () => cancels === 1);
  await eventually("another one", () => {
    clock.advance(100); // who has not begun to wait when it is turned first does so later
    return cancels > 1;
  });
  clock.advance(5000);
  await running;
  await eventually("the connection is closed", () => made.stats().busy === 0);
});

test("a server that does not hang up when it is told goodbye does not keep the pool open", async () => {
  const clock = new VirtualClock(Date.now());
  server.script = serve;
  const { ask, pool: made } = pool({ cluster: { privilegedRoles: "any" }, clock });
  await ask("web", "SELECT 1");
  const closing = made.close();
  clock.advance(1000);
  await closing;
});
