import { after, before, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import {
  answerGuard,
  type FakePeer,
  type FakeServer,
  startFakeServer,
  welcome,
} from "../support/fake-server.ts";
import { RawClient } from "../support/raw-client.ts";
import { cancelRequest, typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

const CANCEL = cancelRequest(4711, Buffer.from([0, 0, 0, 42]));

let server: FakeServer;
let world: World;
before(async () => {
  server = await startFakeServer(async (peer) => {
    peer.socket.allowHalfOpen = true; // as a backend that works and does not look at its socket
    const first = await peer.packet();
    if (first.equals(CANCEL.subarray(4))) {
      peer.socket.end();
      return;
    }
    peer.send(welcome);
    await answerGuard(peer);
  });
  world = await startWorld({
    cluster: {
      hosts: [{ host: "127.0.0.1", port: server.port }],
      tls: { mode: "disable" },
      login: { method: "trust" },
    },
  });
});
after(async () => {
  await world.stop();
  await server.stop();
});

const isCancel = (peer: FakePeer) => peer.received.equals(CANCEL);

test("a cancel that overtook the query of a vanished client is sent again before the server is left", async () => {
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  await client.logIn("ada", world.token("ada"));
  client.send(typed("Q", Buffer.from("SELECT pg_sleep(600)\0")));
  await eventually("the server has the query", () =>
    server.peers.some(({ received }) => received.includes("pg_sleep")),
  );
  client.vanish();
  await eventually("two cancel requests", () => server.peers.filter(isCancel).length >= 2);
});
