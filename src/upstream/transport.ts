import type { SecureContext } from "node:tls";
import { messageOf } from "../base/error.ts";
import type { ClusterConfig } from "../config/schema.ts";
import { sslRequest } from "../protocol/client-messages.ts";
import { network } from "../wire/network.ts";
import type { Address, Wire } from "../wire/wire.ts";
import type { Attempt } from "./attempt.ts";
import { endPointHash } from "./end-point.ts";
import { UpstreamError } from "./errors.ts";
import type { TlsSessions } from "./tls-sessions.ts";

/** RFC 7301; PostgreSQL docs, "SSL Session Encryption". */
const ALPN = "postgresql";

/** A server, and how to talk to it. */
export interface Target {
  readonly address: Address;
  /** The host as configured. */
  readonly host: string;
  readonly tls: ClusterConfig["tls"];
  readonly keepAlive: number;
  readonly sessions: TlsSessions;
  /** Whose TLS sessions may be resumed: the same server, trust and client certificate. */
  readonly sessionKey: string;
  context(): SecureContext;
}

/** What protects a connection. */
export type Protection =
  | { readonly kind: "none" }
  | {
      readonly kind: "tls";
      /** Whether the server proved that it is ours: its certificate comes from a CA that we trust. */
      readonly verified: boolean;
      /** tls-server-end-point, where the certificate has one. */
      readonly endPoint: Buffer | undefined;
    };

export interface Transport {
  readonly wire: Wire;
  readonly protection: Protection;
}

/** TLS or not, for one connection. */
export type TransportMode = "plain" | "tls" | "tls-if-offered";

/** The modes to try, in order (libpq's sslmode). Unix-domain sockets need no TLS. */
export function transportModes({ address, tls }: Target): readonly TransportMode[] {
  if (address.kind === "unix" || tls.mode === "disable") return ["plain"];
  const optional = tls.mode === "prefer" && tls.negotiation === "postgres";
  return optional ? ["tls-if-offered", "plain"] : ["tls"];
}

/** Connects, with TLS as `mode` says. */
export async function openTransport(
  target: Target,
  mode: TransportMode,
  attempt: Attempt,
): Promise<Transport> {
  const { wire, opened } = network.dial(target.address);
  attempt.hold(wire);
  await attempt.wait(opened.catch(fail("upstream/unreachable")));
  wire.keepAlive(target.keepAlive);
  if (mode === "plain") return { wire, protection: { kind: "none" } };
  if (target.tls.negotiation === "postgres" && !(await attempt.wait(askForTls(wire)))) {
    if (mode === "tls-if-offered") return { wire, protection: { kind: "none" } };
    wire.destroy();
    throw new UpstreamError("upstream/tls", "the server does not support TLS");
  }
  return { wire, protection: await shakeHands(wire, target, attempt) };
}

function fail(code: "upstream/unreachable" | "upstream/tls"): (error: unknown) => never {
  return (error) => {
    throw new UpstreamError(code, messageOf(error), { cause: error });
  };
}

const YES = 0x53;
const NO = 0x4e;

/**
 * Asks for TLS ("SSL Session Encryption"). The answer is one byte. Anything behind it was sent before the handshake by
 * who knows whom and must not be read as if it came through TLS (CVE-2021-23222), so then the connection ends. An
 * ErrorResponse in its place is no more trustworthy and is not shown to anyone (CVE-2024-10977).
 */
function askForTls(wire: Wire): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const refuse = (detail: string) => {
      wire.destroy();
      reject(new UpstreamError("upstream/tls", detail));
    };
    wire.onData = (bytes) => {
      wire.pause();
      if (bytes.length !== 1) return refuse("bytes before the TLS handshake");
      if (bytes[0] !== YES && bytes[0] !== NO)
        return refuse("an answer to SSLRequest that is neither S nor N");
      resolve(bytes[0] === YES);
    };
    wire.onClose = (error) => refuse(error?.message ?? "the server closed the connection when asked for TLS");
    wire.resume();
    wire.write(sslRequest);
  });
}

async function shakeHands(wire: Wire, target: Target, attempt: Attempt): Promise<Protection> {
  const { tls, host, sessions, sessionKey } = target;
  const verify = verification(tls);
  const known = sessions.take(sessionKey);
  let endPoint: Buffer | undefined;
  const handshake = wire.requestTls({
    context: target.context(),
    host,
    verify,
    alpn: ALPN,
    session: known?.session,
    onSession: (session) => sessions.keep(sessionKey, { session, endPoint }),
  });
  const facts = await attempt.wait(handshake.catch(fail("upstream/tls")));
  endPoint = facts.resumed ? known?.endPoint : facts.certificate && endPointHash(facts.certificate);
  if (tls.negotiation === "direct" && facts.alpn !== ALPN) {
    wire.destroy();
    throw new UpstreamError("upstream/tls", "the server did not agree on the ALPN protocol postgresql");
  }
  return { kind: "tls", verified: verify !== "none", endPoint };
}

/** libpq: `require` with a CA file verifies it as `verify-ca` does. */
function verification({ mode, caFile }: Target["tls"]): "none" | "ca" | "full" {
  if (mode === "verify-full") return "full";
  return mode === "verify-ca" || (mode === "require" && caFile !== undefined) ? "ca" : "none";
}
