import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { message } from "../../src/protocol/bytes.ts";
import { clusterOf } from "../support/admission.ts";
import { VirtualClock } from "../support/clock.ts";
import {
  answerGuard,
  type FakeServer,
  ready,
  type Script,
  startFakeServer,
  welcome,
} from "../support/fake-server.ts";
import { upstreamTo } from "../support/upstream.ts";

const honest: Script = async (peer) => {
  await peer.packet();
  peer.send(welcome);
  await answerGuard(peer);
};
const silent: Script = async () => {};

let first: FakeServer;
let second: FakeServer;

before(async () => {
  first = await startFakeServer(silent);
  second = await startFakeServer(honest);
});

after(async () => {
  await Promise.all([first.stop(), second.stop()]);
});

const settings = { tls: { mode: "disable" }, login: { method: "trust" }, connectTimeout: "10s" };

/** Turns the clock when the server that says nothing has been asked. */
async function passTimeWhenAsked(clock: VirtualClock, server: FakeServer, ms: number): Promise<void> {
  const asked = server.peers.length + 1;
  while (server.peers.length < asked) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(ms);
}

test("only the first login waits for a server that accepts and says nothing; it is used again when it recovers", async () => {
  first.script = silent;
  const clock = new VirtualClock();
  const hosts = [first, second].map(({ port }) => ({ host: "127.0.0.1", port }));
  const made = upstreamTo(clusterOf({ ...settings, hosts }), {}, { clock });
  const up = () => made.upstream.states().map((state) => state.up);

  const waiting = made.open("app");
  await passTimeWhenAsked(clock, first, 10_000);
  const session = await waiting;
  assert.equal(session.host, `127.0.0.1:${second.port}`);
  session.close();
  assert.deepEqual(up(), [false, true]);

  const asked = first.peers.length;
  (await made.open("app")).close();
  assert.equal(first.peers.length, asked);

  first.script = honest;
  clock.advance(2000);
  while (!up()[0]) await new Promise((resolve) => setImmediate(resolve));
  const back = await made.open("app");
  assert.equal(back.host, `127.0.0.1:${first.port}`);
  back.close();
  made.upstream.close();
  assert.equal(clock.pending, 0);
});

test("a name with a dead address is reached at its other one, and the dead one is not waited for again", async () => {
  first.script = silent;
  const clock = new VirtualClock();
  const hosts = [{ host: "db.example", port: second.port }];
  const resolve = async () => ["127.0.0.9", "127.0.0.1"]; // nobody listens at the first
  const made = upstreamTo(clusterOf({ ...settings, hosts }), {}, { clock, resolve });
  for (const _ of [1, 2]) (await made.open("app")).close();
  assert.equal(made.events.filter(({ event }) => event === "upstream.failed.v1").length, 1);
  assert.deepEqual(made.upstream.states(), [
    { cluster: "main", host: `db.example:${second.port}`, up: true },
  ]);
  made.upstream.close();
});

test("a resolver that hangs does not hold a login for ever", async () => {
  const clock = new VirtualClock();
  const hosts = [{ host: "db.example" }];
  let asked = false;
  const resolve = () => {
    asked = true;
    return new Promise<never>(() => {});
  };
  const made = upstreamTo(clusterOf({ ...settings, hosts }), {}, { clock, resolve });
  const opening = made.open("app");
  while (!asked) await new Promise((done) => setImmediate(done));
  clock.advance(10_000);
  await assert.rejects(opening, { code: "upstream/timeout" });
  made.upstream.close();
});

/** Where in the login the connection is reset. */
const vanishing: Readonly<Record<string, Script>> = {
  "when connected to": async (peer) => {
    peer.socket.resetAndDestroy();
  },
  "when asked for TLS": async (peer) => {
    await peer.packet();
    peer.socket.resetAndDestroy();
  },
  "in the TLS handshake": async (peer) => {
    await peer.packet();
    peer.send(Buffer.from("S"));
    peer.socket.once("data", () => peer.socket.resetAndDestroy());
  },
};

for (const [when, script] of Object.entries(vanishing)) {
  test(`a server that vanishes ${when} is an error at once`, async () => {
    first.script = script;
    const hosts = [{ host: "127.0.0.1", port: first.port }];
    const made = upstreamTo(clusterOf({ ...settings, tls: { mode: "require" }, hosts }));
    await assert.rejects(made.open("app"), { name: "UpstreamError", code: /^upstream\/(unreachable|tls)$/ });
    made.upstream.close();
  });
}

test("a server that vanishes after the startup packet is an error at once", async () => {
  first.script = async (peer) => {
    await peer.packet();
    peer.socket.resetAndDestroy();
  };
  const hosts = [{ host: "127.0.0.1", port: first.port }];
  const made = upstreamTo(clusterOf({ ...settings, hosts }));
  await assert.rejects(made.open("app"), { code: "upstream/unreachable" });
  made.upstream.close();
});

test("a server before PostgreSQL 14 is asked which kind it is", async () => {
  const no = Buffer.concat([Buffer.from([0, 0, 0, 1]), Buffer.from("f")]);
  const off = Buffer.concat([Buffer.from([0, 0, 0, 3]), Buffer.from("off")]);
  const row = (value: Buffer) => [
    message("D", Buffer.from([0, 1]), value),
    message("C", "SELECT 1\0"),
    ready,
  ];
  first.script = async (peer) => {
    await peer.packet();
    const ok = message("R", Buffer.alloc(4));
    peer.send(ok, message("S", "is_superuser\0off\0"), ready);
    for (const value of [no, off]) {
      await peer.message();
      peer.send(...row(value));
    }
    await answerGuard(peer);
  };
  const hosts = [{ host: "127.0.0.1", port: first.port }];
  const made = upstreamTo(clusterOf({ ...settings, hosts, targetSessionAttrs: "read-write" }));
  const session = await made.open("app");
  const gone = new Promise<void>((resolve) => {
    session.wire.onClose = () => resolve();
  });
  session.close();
  await gone;
  made.upstream.close();
});
