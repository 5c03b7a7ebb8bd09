import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { TLSSocket } from "node:tls";
import type { StartupPacket } from "../../protocol/startup.ts";
import { beginsTls, decodeInitialPacket, initialPacketLength } from "../../protocol/startup.ts";
import { WireError } from "./errors.ts";
import { Inbox } from "./inbox.ts";

/** RFC 7301; PostgreSQL docs, "SSL Session Encryption". */
export const ALPN = "postgresql";

/** What a client has said once it is known whether it speaks TLS. */
export interface Greeting {
  readonly socket: Socket;
  readonly inbox: Inbox;
  readonly tls: boolean;
  /** The TLS server name (SNI) that the client asked for. */
  readonly serverName: string | undefined;
  readonly packet:
    | StartupPacket
    | { readonly kind: "cancel"; readonly processId: number; readonly key: Buffer };
}

interface GreetingSettings {
  /** The door's certificate now; without one TLS is not offered. */
  readonly context: SecureContext | undefined;
  readonly startupPacket: number;
}

/**
 * Takes a new connection through encryption requests to its startup or cancel packet. Nothing that arrived before the
 * TLS handshake is read as if it were inside it: bytes beside a request end the connection (CVE-2021-23214).
 * @param onSecure told the socket that replaces the plain one, as soon as there is one
 * @throws WireError
 */
export async function greet(
  socket: Socket,
  settings: GreetingSettings,
  onSecure: (socket: TLSSocket) => void,
): Promise<Greeting> {
  const plain = new Inbox(socket);
  const first = await plain
    .take((bytes) => (bytes.length > 0 ? 0 : undefined))
    .then(() => plain.peek()[0] ?? 0);
  if (beginsTls(first)) return directTls(socket, plain, settings, onSecure);

  const asked = { "ssl-request": false, "gssenc-request": false };
  for (;;) {
    const packet = await takePacket(plain, settings);
    if (packet.kind === "startup" || packet.kind === "cancel") {
      return { socket, inbox: plain, tls: false, serverName: undefined, packet };
    }
    if (asked[packet.kind]) throw new WireError("wire/protocol", `a second ${packet.kind}`);
    asked[packet.kind] = true;
    if (plain.pending > 0) throw new WireError("wire/protocol", `bytes beside the ${packet.kind}`);
    if (packet.kind === "ssl-request" && settings.context !== undefined) {
      plain.release();
      socket.write("S");
      return insideTls(socket, settings.context, settings, onSecure, false);
    }
    socket.write("N");
  }
}

function directTls(
  socket: Socket,
  plain: Inbox,
  settings: GreetingSettings,
  onSecure: (socket: TLSSocket) => void,
) {
  if (settings.context === undefined)
    throw new WireError("wire/protocol", "direct TLS, but there is no certificate");
  // These bytes are the handshake itself: they go to the TLS engine, never to the protocol.
  socket.unshift(plain.release());
  return insideTls(socket, settings.context, settings, onSecure, true);
}

async function insideTls(
  socket: Socket,
  secureContext: SecureContext,
  settings: GreetingSettings,
  onSecure: (socket: TLSSocket) => void,
  direct: boolean,
): Promise<Greeting> {
  const secure = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [ALPN] });
  onSecure(secure);
  await handshake(secure);
  if (direct && secure.alpnProtocol !== ALPN)
    throw new WireError("wire/alpn", "direct TLS without ALPN postgresql");
  const inbox = new Inbox(secure);
  const packet = await takePacket(inbox, settings);
  if (packet.kind !== "startup" && packet.kind !== "cancel")
    throw new WireError("wire/protocol", `${packet.kind} inside TLS`);
  const { servername } = secure as { servername?: unknown };
  return {
    socket: secure,
    inbox,
    tls: true,
    serverName: typeof servername === "string" ? servername : undefined,
    packet,
  };
}

function handshake(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(new WireError("wire/client-gone", `the TLS handshake failed: ${why}`));
    socket.once("secure", resolve);
    socket.once("error", (error) => fail(error.message));
    socket.once("close", () => fail("closed"));
  });
}

async function takePacket(inbox: Inbox, settings: GreetingSettings) {
  const bytes = await inbox.take((arrived) => initialPacketLength(arrived, settings.startupPacket));
  const packet = decodeInitialPacket(bytes);
  if (packet.kind === "fault") throw new WireError("wire/startup", packet.detail);
  return packet;
}
