import type { SecureContext } from "node:tls";
import { messageOf } from "../../base/error.ts";
import type { StartupPacket } from "../../protocol/startup.ts";
import { beginsTls, decodeInitialPacket, initialPacketLength } from "../../protocol/startup.ts";
import type { TlsFacts, Wire } from "../../wire/wire.ts";
import { WireError } from "./errors.ts";
import type { Inbox } from "./inbox.ts";

/** RFC 7301; PostgreSQL docs, "SSL Session Encryption". */
export const ALPN = "postgresql";

/** What a client has said once it is known whether it speaks TLS. */
export interface Greeting {
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

/** A connection that says who it is. */
interface Greeted {
  readonly wire: Wire;
  readonly inbox: Inbox;
  readonly settings: GreetingSettings;
}

/**
 * Takes a new connection through encryption requests to its startup or cancel packet. Nothing that arrived before the
 * TLS handshake is read as if it were inside it: bytes beside a request end the connection (CVE-2021-23214).
 * @throws WireError
 */
export async function greet(greeted: Greeted): Promise<Greeting> {
  const { wire, inbox, settings } = greeted;
  await inbox.take((bytes) => (bytes.length > 0 ? 0 : undefined));
  if (beginsTls(inbox.peek()[0] ?? 0)) return await directTls(greeted);

  const asked = { "ssl-request": false, "gssenc-request": false };
  for (;;) {
    const packet = await takePacket(greeted);
    if (packet.kind === "startup" || packet.kind === "cancel")
      return { tls: false, serverName: undefined, packet };
    if (asked[packet.kind]) throw new WireError("wire/protocol", `a second ${packet.kind}`);
    asked[packet.kind] = true;
    if (inbox.pending > 0) throw new WireError("wire/protocol", `bytes beside the ${packet.kind}`);
    if (packet.kind === "ssl-request" && settings.context !== undefined) {
      wire.write(YES);
      const { serverName } = await shakeHands(greeted, settings.context, NOTHING);
      return await insideTls(greeted, serverName);
    }
    wire.write(NO);
  }
}

/** The answers to SSLRequest and GSSENCRequest. */
const YES = Buffer.from("S");
const NO = Buffer.from("N");
const NOTHING = Buffer.alloc(0);

async function directTls(greeted: Greeted): Promise<Greeting> {
  const { inbox, settings } = greeted;
  if (settings.context === undefined)
    throw new WireError("wire/protocol", "direct TLS, but there is no certificate");
  // These bytes are the handshake itself: they go to the TLS engine, never to the protocol.
  const { alpn, serverName } = await shakeHands(greeted, settings.context, inbox.drain());
  if (alpn !== ALPN) throw new WireError("wire/alpn", "direct TLS without ALPN postgresql");
  return await insideTls(greeted, serverName);
}

async function shakeHands({ wire }: Greeted, context: SecureContext, early: Buffer): Promise<TlsFacts> {
  try {
    return await wire.acceptTls({ context, alpn: ALPN }, early);
  } catch (error) {
    const why = `the TLS handshake failed: ${messageOf(error)}`;
    throw new WireError("wire/client-gone", why, { cause: error });
  }
}

async function insideTls(greeted: Greeted, serverName: string | undefined): Promise<Greeting> {
  const packet = await takePacket(greeted);
  if (packet.kind !== "startup" && packet.kind !== "cancel")
    throw new WireError("wire/protocol", `${packet.kind} inside TLS`);
  return { tls: true, serverName, packet };
}

async function takePacket({ inbox, settings }: Greeted) {
  const bytes = await inbox.take((arrived) => initialPacketLength(arrived, settings.startupPacket));
  const packet = decodeInitialPacket(bytes);
  if (packet.kind === "fault") throw new WireError("wire/startup", packet.detail);
  return packet;
}
