import type { Socket } from "node:net";
import type { SecureContext, TLSSocket } from "node:tls";
import type { ClusterConfig } from "../config/schema.ts";
import { sslRequest } from "../protocol/client-messages.ts";
import type { Attempt } from "./attempt.ts";
import { endPointHash } from "./end-point.ts";
import { UpstreamError } from "./errors.ts";
import { type Address, connected, dial, secure, secured } from "./socket.ts";
import type { TlsSessions } from "./tls-sessions.ts";

/** A server, and how to talk to it. */
export interface Target {
  readonly address: Address;
  /** The host as configured. */
  readonly host: string;
  readonly tls: ClusterConfig["tls"];
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
  readonly socket: Socket;
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
  const raw = dial(target.address);
  attempt.hold(raw);
  await attempt.wait(connected(raw));
  if (mode === "plain") return { socket: raw, protection: { kind: "none" } };
  if (target.tls.negotiation === "postgres" && !(await attempt.wait(askForTls(raw)))) {
    if (mode === "tls-if-offered") return { socket: raw, protection: { kind: "none" } };
    raw.destroy();
    throw new UpstreamError("upstream/tls", "the server does not support TLS");
  }
  return await handshake(raw, target, attempt);
}

const YES = 0x53;
const NO = 0x4e;

/**
 * Asks for TLS ("SSL Session Encryption"). The answer is one byte. Anything behind it was sent before the handshake by
 * who knows whom and must not be read as if it came through TLS (CVE-2021-23222), so then the connection ends. An
 * ErrorResponse in its place is no more trustworthy and is not shown to anyone (CVE-2024-10977).
 */
function askForTls(raw: Socket): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const fail = (detail: string) => {
      settle();
      raw.on("error", () => {});
      raw.destroy();
      reject(new UpstreamError("upstream/tls", detail));
    };
    const onData = (bytes: Buffer) => {
      raw.pause();
      if (bytes.length !== 1 || raw.readableLength > 0) return fail("bytes before the TLS handshake");
      if (bytes[0] !== YES && bytes[0] !== NO) return fail("an answer to SSLRequest that is neither S nor N");
      settle();
      resolve(bytes[0] === YES);
    };
    const onError = (error: Error) => fail(error.message);
    const onClose = () => fail("the server closed the connection when asked for TLS");
    const settle = () => {
      raw.removeListener("data", onData);
      raw.removeListener("error", onError);
      raw.removeListener("close", onClose);
    };
    raw.on("data", onData);
    raw.on("error", onError);
    raw.on("close", onClose);
    raw.write(sslRequest);
  });
}

async function handshake(raw: Socket, target: Target, attempt: Attempt): Promise<Transport> {
  raw.on("error", () => {}); // the TLS socket above it reports what matters
  const verify = verification(target.tls);
  const known = target.sessions.take(target.sessionKey);
  const socket = secure(raw, {
    context: target.context(),
    host: target.host,
    verify,
    session: known?.session,
  });
  attempt.hold(socket);
  await attempt.wait(secured(socket));
  if (target.tls.negotiation === "direct" && socket.alpnProtocol !== "postgresql") {
    socket.destroy();
    throw new UpstreamError("upstream/tls", "the server did not agree on the ALPN protocol postgresql");
  }
  const endPoint = socket.isSessionReused() ? known?.endPoint : endPointOf(socket);
  target.sessions.keep(target.sessionKey, socket, endPoint);
  return { socket, protection: { kind: "tls", verified: verify !== "none", endPoint } };
}

/** libpq: `require` with a CA file verifies it as `verify-ca` does. */
function verification({ mode, caFile }: Target["tls"]): "none" | "ca" | "full" {
  if (mode === "verify-full") return "full";
  return mode === "verify-ca" || (mode === "require" && caFile !== undefined) ? "ca" : "none";
}

function endPointOf(socket: TLSSocket): Buffer | undefined {
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? undefined : endPointHash(certificate.raw);
}
