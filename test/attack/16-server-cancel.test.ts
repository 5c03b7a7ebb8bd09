import assert from "node:assert/strict";
import { test } from "node:test";
import { createAuthority } from "../../src/demo/authority.ts";
import { sslRequest } from "../../src/protocol/client-messages.ts";
import { clusterOf } from "../support/admission.ts";
import { answerGuard, startFakeServer, welcome } from "../support/fake-server.ts";
import { upstreamTo } from "../support/upstream.ts";

test("attack 16: the server's cancel key is sent inside TLS when the session has TLS, and not at all when TLS fails", async () => {
  const certificate = await (await createAuthority()).server(["localhost"]);
  const server = await startFakeServer(async (peer) => {
    await peer.packet();
    peer.send(Buffer.from("S"));
    peer.startTls(certificate);
    await peer.packet();
    peer.send(welcome);
    await answerGuard(peer);
  });
  const hosts = [{ host: "127.0.0.1", port: server.port }];
  const made = upstreamTo(clusterOf({ hosts, tls: { mode: "prefer" }, login: { method: "trust" } }));
  const session = await made.open("app");

  let inside: Buffer | undefined;
  server.script = async (peer) => {
    assert.deepEqual(Buffer.concat([Buffer.of(0, 0, 0, 8), await peer.packet()]), sslRequest);
    peer.send(Buffer.from("S"));
    peer.startTls(certificate);
    inside = await peer.packet();
    peer.socket.destroy();
  };
  await session.cancel();
  // CancelRequest, the process id and the key that the server gave.
  assert.equal(inside?.toString("hex"), "04d2162e000012670000002a");

  for (const answer of ["E", "N", "S\0"]) {
    server.script = async (peer) => {
      await peer.packet();
      peer.send(Buffer.from(answer));
    };
    await assert.rejects(session.cancel(), { code: "upstream/tls" });
    assert.deepEqual(server.peers.at(-1)?.received, sslRequest);
  }
  session.close();
  made.upstream.close();
  await server.stop();
});
