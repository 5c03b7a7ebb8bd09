import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { createSecureContext } from "node:tls";
import type { ClientTls, ServerTls } from "../../../src/wire/wire.ts";
import type { Case } from "./conformance.ts";
import type { Stage, Trust } from "./peers.ts";
import {
  ALPN,
  clientTls,
  closed,
  listening,
  pattern,
  portOf,
  read,
  readAll,
  readSome,
  tlsClient,
  tlsServer,
} from "./peers.ts";

const NOTHING = Buffer.alloc(0);
const BIG = 8 * 1024 * 1024;

function asServer({ server }: Trust): ServerTls {
  return { context: server, alpn: ALPN };
}

/** As the server: the wire accepts TLS. */
const serverCases: readonly Case[] = [
  [
    "as the server: bytes go both ways inside TLS, and the handshake tells server name and protocol",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      const secure = tlsClient(peer);
      const facts = await wire.acceptTls(asServer(trust), NOTHING);
      assert.deepEqual([facts.serverName, facts.alpn, facts.resumed], ["localhost", ALPN, false]);
      const sent = pattern(BIG);
      const back = readSome(secure, BIG);
      secure.write(sent);
      assert.ok((await read(wire, BIG)).equals(sent));
      wire.write(sent);
      assert.ok((await back).equals(sent));
    },
  ],
  [
    "as the server: a client without server name and protocols is told as such",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      tlsClient(peer, { servername: "", ALPNProtocols: undefined });
      const facts = await wire.acceptTls(asServer(trust), NOTHING);
      assert.deepEqual([facts.serverName, facts.alpn], [undefined, undefined]);
    },
  ],
  [
    "as the server: a ClientHello that was read in part goes on in the TLS engine",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      tlsClient(peer);
      const early = await read(wire, 1);
      const { alpn } = await wire.acceptTls(asServer(trust), early);
      assert.equal(alpn, ALPN);
    },
  ],
  [
    "as the server: a ClientHello of which one byte was read, and which comes in pieces, is understood",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      const hello = await clientHello();
      peer.write(hello.subarray(0, 1));
      const early = await read(wire, 1);
      const handshake = wire.acceptTls(asServer(trust), early);
      peer.write(hello.subarray(1, 40));
      await new Promise(setImmediate);
      const answered = readSome(peer, 100);
      peer.write(hello.subarray(40));
      assert.equal((await answered)[0], 0x16); // a handshake record, not an alert
      peer.destroy();
      await assert.rejects(handshake);
    },
  ],
  [
    "as the server: a client that wants another protocol is refused by an alert",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      const secure = tlsClient(peer, { ALPNProtocols: ["h2"] });
      secure.once("secureConnect", () => assert.fail("a handshake for another protocol was completed"));
      const told = once(secure, "error");
      const gone = closed(wire);
      await assert.rejects(wire.acceptTls(asServer(trust), NOTHING));
      await gone;
      // RFC 7301 §3.2: the alert says why.
      assert.match(String((await told)[0]), /no.application.protocol/i);
    },
  ],
  [
    "as the server: what a client sends together with the end of its handshake waits for resume()",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      const secure = tlsClient(peer);
      secure.once("secureConnect", () => secure.write("at once"));
      let told = 0;
      wire.onData = () => {
        told += 1;
      };
      await wire.acceptTls(asServer(trust), NOTHING);
      await new Promise(setImmediate);
      assert.equal(told, 0);
      assert.equal((await read(wire, 7)).toString(), "at once");
    },
  ],
  [
    "as the server: plain bytes that came before the handshake are never read as if they were inside it",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      peer.write("S");
      await read(wire, 1);
      wire.onData = () => assert.fail("plain bytes were read as if they came through TLS");
      peer.write("evil, and longer than the header of a TLS record");
      const gone = closed(wire);
      await assert.rejects(wire.acceptTls(asServer(trust), NOTHING));
      await gone;
    },
  ],
  [
    "as the server: garbage instead of a handshake ends it",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      const gone = closed(wire);
      peer.write("GET / HTTP/1.1\r\n\r\n");
      await assert.rejects(wire.acceptTls(asServer(trust), NOTHING));
      await gone;
      assert.equal(wire.closed, true);
    },
  ],
  [
    "as the server: a client that leaves during the handshake ends it",
    async ({ accepted, trust }) => {
      for (const leave of ["end", "resetAndDestroy"] as const) {
        const { wire, peer } = await accepted();
        peer.write((await clientHello()).subarray(0, 30));
        const handshake = wire.acceptTls(asServer(trust), NOTHING);
        const gone = closed(wire);
        await new Promise(setImmediate);
        peer[leave]();
        await assert.rejects(handshake);
        await gone;
      }
    },
  ],
  [
    "as the server: destroy() during the handshake ends it, and is told once",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      let told = 0;
      wire.onClose = () => {
        told += 1;
      };
      const handshake = wire.acceptTls(asServer(trust), NOTHING);
      peer.write((await clientHello()).subarray(0, 30));
      wire.destroy();
      await assert.rejects(handshake);
      await readAll(peer).catch(() => {});
      await new Promise(setImmediate);
      assert.equal(told, 1);
    },
  ],
  [
    "as the server: end() during the handshake sends its words after it",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      const handshake = wire.acceptTls(asServer(trust), NOTHING);
      wire.end(Buffer.from("too slow"));
      const secure = tlsClient(peer);
      assert.equal((await readAll(secure)).toString(), "too slow");
      await handshake;
    },
  ],
  [
    "as the server: a closed wire does not begin a handshake",
    async ({ accepted, trust }) => {
      const { wire } = await accepted();
      wire.destroy();
      await assert.rejects(wire.acceptTls(asServer(trust), NOTHING));
    },
  ],
  [
    "as the server: each connection shows the certificate that it was given",
    async ({ accepted, trust }) => {
      for (const name of ["old.test", "new.test"]) {
        const context = await trust.named([name]);
        const { wire, peer } = await accepted();
        const secure = tlsClient(peer);
        await wire.acceptTls({ context, alpn: ALPN }, NOTHING);
        wire.write(Buffer.from("x"));
        await readSome(secure, 1);
        assert.equal(secure.getPeerCertificate().subject.CN, name);
      }
    },
  ],
  [
    "as the server: end() sends all inside TLS, however slowly it is read",
    async ({ accepted, trust }) => {
      const { wire, peer } = await accepted();
      const secure = tlsClient(peer);
      await wire.acceptTls(asServer(trust), NOTHING);
      const sent = pattern(BIG);
      assert.equal(wire.write(sent), false);
      wire.end(Buffer.from("last"));
      await new Promise(setImmediate);
      const all = await readAll(secure);
      assert.equal(all.length, BIG + 4);
      assert.ok(all.subarray(0, BIG).equals(sent));
    },
  ],
];

/** As the client: the wire asks for TLS. */
const clientCases: readonly Case[] = [
  [
    "as the client: bytes go both ways inside TLS, and the handshake tells certificate and protocol",
    async ({ dialled, trust }) => {
      const { wire, peer } = await dialled();
      const secure = tlsServer(peer, trust.server);
      const facts = await wire.requestTls(clientTls(trust.ours.cert));
      assert.equal(facts.alpn, ALPN);
      assert.equal(facts.resumed, false);
      assert.ok(facts.certificate);
      assert.match(new X509Certificate(facts.certificate).subject, /CN=localhost/);
      const sent = pattern(BIG);
      const back = readSome(secure, BIG);
      wire.write(sent);
      assert.ok((await back).equals(sent));
      secure.write(sent);
      assert.ok((await read(wire, BIG)).equals(sent));
    },
  ],
  [
    "as the client: plain bytes that came before the handshake are never read as if they were inside it",
    async ({ dialled, trust }) => {
      const { wire, peer } = await dialled();
      peer.write("S");
      await read(wire, 1);
      wire.onData = () => assert.fail("plain bytes were read as if they came through TLS");
      peer.write("evil, and longer than the header of a TLS record");
      await assert.rejects(wire.requestTls(clientTls(trust.ours.cert)));
    },
  ],
  [
    "as the client: garbage instead of a handshake ends it",
    async ({ dialled, trust }) => {
      const { wire, peer } = await dialled();
      const gone = closed(wire);
      peer.once("data", () => peer.write("SSH-2.0-nothing\r\n"));
      await assert.rejects(wire.requestTls(clientTls(trust.ours.cert)));
      await gone;
    },
  ],
  [
    "as the client: a server that leaves during the handshake ends it",
    async ({ dialled, trust }) => {
      const { wire, peer } = await dialled();
      const gone = closed(wire);
      peer.once("data", () => peer.end());
      await assert.rejects(wire.requestTls(clientTls(trust.ours.cert)));
      await gone;
    },
  ],
  [
    "as the client: a session that the server gave is resumed",
    async ({ dialled, trust }) => {
      const context = createSecureContext({ ca: trust.ours.cert });
      const given = Promise.withResolvers<Buffer>();
      const first = await dialled();
      const firstServer = tlsServer(first.peer, trust.server);
      await first.wire.requestTls(clientTls("", { context, onSession: given.resolve }));
      firstServer.write("hello");
      await read(first.wire, 5);
      const session = await given.promise;
      const second = await dialled();
      tlsServer(second.peer, trust.server);
      const { resumed } = await second.wire.requestTls(clientTls("", { context, session }));
      assert.equal(resumed, true);
    },
  ],
];

type Verify = ClientTls["verify"];

interface Shown {
  readonly by: "ours" | "another authority";
  readonly names: readonly string[];
  readonly expired?: boolean;
}

const GOOD: Shown = { by: "ours", names: ["db.test", "127.0.0.1"] };
const WRONG_NAME: Shown = { by: "ours", names: ["else.test"] };
const WRONG_BOTH: Shown = { by: "another authority", names: ["else.test"] };

/** What the server shows, whom the client wants, how it verifies, and whether that is accepted. */
const verifications: readonly (readonly [Shown, host: string, Verify, accepted: boolean])[] = [
  [GOOD, "db.test", "full", true],
  [GOOD, "127.0.0.1", "full", true],
  [GOOD, "127.0.0.2", "full", false],
  [GOOD, "db.test", "ca", true],
  [WRONG_NAME, "db.test", "full", false],
  [WRONG_NAME, "db.test", "ca", true],
  [WRONG_NAME, "db.test", "none", true],
  [{ by: "another authority", names: ["db.test"] }, "db.test", "full", false],
  [{ by: "another authority", names: ["db.test"] }, "db.test", "ca", false],
  [{ by: "another authority", names: ["db.test"] }, "db.test", "none", true],
  [WRONG_BOTH, "db.test", "full", false],
  [WRONG_BOTH, "db.test", "ca", false],
  [WRONG_BOTH, "127.0.0.1", "ca", false],
  [WRONG_BOTH, "127.0.0.1", "full", false],
  [WRONG_BOTH, "db.test", "none", true],
  [{ ...GOOD, expired: true }, "db.test", "full", false],
  [{ ...GOOD, expired: true }, "db.test", "ca", false],
];

const verificationCases: readonly Case[] = verifications.map(([shown, host, verify, accepted]) => [
  `as the client: ${accepted ? "accepts" : "refuses"} a certificate ${described(shown)} for ${host} with ${verify}`,
  (stage) => verification(stage, shown, { host, verify }, accepted),
]);

function described({ by, names, expired }: Shown): string {
  return `by ${by} with the names ${names.join(", ")}${expired ? ", expired," : ""}`;
}

async function verification(
  { dialled, trust }: Stage,
  { by, names, expired }: Shown,
  wanted: Pick<ClientTls, "host" | "verify">,
  accepted: boolean,
): Promise<void> {
  const { wire, peer } = await dialled();
  const secure = tlsServer(peer, await trust.named(names, expired));
  const ca = by === "ours" ? trust.ours : trust.other;
  const gone = closed(wire);
  const handshake = wire.requestTls(clientTls(ca.cert, wanted));
  if (accepted) {
    await handshake;
    wire.write(Buffer.from("hello"));
    assert.equal((await readSome(secure, 5)).toString(), "hello");
  } else {
    secure.on("data", () => assert.fail("something was sent to a server that was not verified"));
    await assert.rejects(handshake);
    assert.equal(wire.write(Buffer.from("secret")), false);
    await gone;
  }
}

/** The first flight of a TLS client. */
async function clientHello(): Promise<Buffer> {
  const server = await listening(createServer());
  const arrived = once(server, "connection") as Promise<[Socket]>;
  const secure = tlsClient(connect(portOf(server), "127.0.0.1"));
  const [socket] = await arrived;
  const hello = await readSome(socket, 6);
  secure.destroy();
  socket.destroy();
  server.close();
  return hello;
}

export const tlsCases: readonly Case[] = [...serverCases, ...clientCases, ...verificationCases];
