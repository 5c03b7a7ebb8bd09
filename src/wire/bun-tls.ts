import type { SecureContext } from "node:tls";
import { checkServerIdentity } from "node:tls";
import type { BunSocket } from "./bun-api.ts";
import type { ClientTls } from "./wire.ts";

/** Why the other side of a handshake is not accepted; undefined when it is. Takes what Bun makes of it. */
export type Fault = (socket: BunSocket, accepted: boolean, error: Error | null) => Error | undefined;

/** A server without client certificates: Bun names a certificate error and accepts all the same. */
export const clientFault: Fault = (_socket, accepted, error) =>
  accepted ? undefined : (error ?? new Error("the handshake failed"));

/** Bun's own check of the name that was sent as SNI. We check the configured host, and only where that is wanted. */
const WRONG_NAME = "ERR_TLS_CERT_ALTNAME_INVALID";
/** The handshake itself failed; any other error is about the certificate. */
const NO_HANDSHAKE: readonly unknown[] = ["EPROTO", "ECONNRESET"];

/**
 * What is wrong with a server. Bun does not "accept" one with the wrong name even when nobody verifies, so that word
 * counts only where no error says why. An error about the chain of certificates comes before one about the name.
 */
export function serverFault(
  host: string,
  verify: ClientTls["verify"],
  certificateOf = (socket: BunSocket) => socket.getPeerCertificate(),
): Fault {
  return (socket, accepted, error) => {
    if (!accepted && error === null) return new Error("the handshake failed");
    const code = (error as { code?: unknown } | null)?.code;
    if (error !== null && NO_HANDSHAKE.includes(code)) return error;
    if (verify === "none") return undefined;
    if (error !== null && code !== WRONG_NAME) return error;
    if (verify === "ca") return undefined;
    const certificate = certificateOf(socket);
    return certificate === null ? new Error("no certificate") : checkServerIdentity(host, certificate);
  };
}

/** node:tls's context is a shell around the one that native sockets take. */
export function nativeContext(context: SecureContext): unknown {
  return (context as { context?: unknown }).context;
}

/** ProtocolNameList (RFC 7301 §3.1) with one name. */
export function protocolList(name: string): Buffer {
  return Buffer.concat([Buffer.of(name.length), Buffer.from(name, "latin1")]);
}
