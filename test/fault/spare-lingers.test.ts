import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { clusterOf } from "../support/admission.ts";
import { VirtualClock } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { answerGuard, startFakeServer, welcome } from "../support/fake-server.ts";
import { upstreamTo } from "../support/upstream.ts";

test("a spare that is given up is closed although its server does not hang up", async () => {
  const server = await startFakeServer(async (peer) => {
    peer.socket.allowHalfOpen = true;
    await peer.packet();
    peer.send(welcome);
    await answerGuard(peer);
  });
  const clock = new VirtualClock();
  const hosts = [{ host: "127.0.0.1", port: server.port }];
  const cluster = clusterOf({ hosts, tls: { mode: "disable" }, login: { method: "trust" }, warmSpares: 1 });
  const made = upstreamTo(cluster, {}, { clock });
  (await made.open("app")).close();
  await eventually("a spare is open", () => server.peers.length === 2);
  const spare = server.peers[1];
  assert.ok(spare);
  await eventually("it waits", () => spare.socket.bytesWritten >= welcome.length);
  const ended = once(spare.socket, "end");
  made.upstream.close();
  await ended;
  assert.equal(spare.received.subarray(-5).toString("latin1"), "X\0\0\0\x04");
  const closed = new Promise((resolve) => spare.socket.once("close", resolve));
  clock.advance(1000);
  // Who still writes to a connection that is closed is told so by a reset.
  const knock = setInterval(() => spare.socket.write("x"), 10);
  await closed;
  clearInterval(knock);
  await server.stop();
});
