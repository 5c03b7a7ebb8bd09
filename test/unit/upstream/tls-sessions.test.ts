import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import * as tls from "node:tls";
import { systemClock } from "../../../src/base/clock.ts";
import { type Authority, createAuthority } from "../../../src/demo/authority.ts";
import { Attempt } from "../../../src/upstream/attempt.ts";
import { TlsSessions } from "../../../src/upstream/tls-sessions.ts";
import { openTransport, type Target } from "../../../src/upstream/transport.ts";
import { clusterOf } from "../../support/admission.ts";

let authority: Authority;
let server: tls.Server;
/** Whether the server resumed the last session. */
let reused = false;

before(async () => {
  authority = await createAuthority();
  const { cert, key } = await authority.server(["localhost"]);
  const ALPNProtocols = ["postgresql"];
  server = tls.createServer({ cert, key, ALPNProtocols }, (socket) => {
    socket.on("error", () => {});
    reused = socket.isSessionReused();
    socket.end("hello"); // what follows the handshake carries the ticket
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

after(() => server.close());

test("a server that issues tickets is connected to without a full handshake, and stays bound to its certificate", async () => {
  const sessions = new TlsSessions();
  const first = await connect(sessions);
  const second = await connect(sessions);
  assert.deepEqual([first.reused, second.reused], [false, true]);
  assert.ok(first.endPoint);
  assert.deepEqual(second.endPoint, first.endPoint);
});

test("sessions are not shared between servers, authorities or roles", async () => {
  const sessions = new TlsSessions();
  await connect(sessions, "one");
  assert.equal((await connect(sessions, "other")).reused, false);
});

async function connect(sessions: TlsSessions, sessionKey = "key") {
  const { port } = server.address() as AddressInfo;
  const { tls: config } = clusterOf({
    hosts: [{ host: "unused" }],
    tls: { negotiation: "direct" },
    login: { method: "trust" },
  });
  const context = tls.createSecureContext({ ca: authority.cert });
  const target: Target = {
    address: { kind: "tcp", ip: "127.0.0.1", port },
    host: "localhost",
    tls: config,
    keepAlive: 60_000,
    sessions,
    sessionKey,
    context: () => context,
  };
  const attempt = new Attempt(systemClock, 5000, undefined);
  const { wire, protection } = await openTransport(target, "tls", attempt);
  assert.ok(protection.kind === "tls");
  await new Promise((resolve) => {
    wire.onClose = resolve;
    wire.resume();
  });
  attempt.discard();
  return { reused, endPoint: protection.endPoint };
}
