/** Where sockets to servers are made: the one place that knows node:net and node:tls. */
import { connect, isIP, type Socket } from "node:net";
import * as tls from "node:tls";
import { messageOf } from "../base/error.ts";
import { UpstreamError } from "./errors.ts";

/** An idle connection is asked for a sign of life after this long: a server that vanished is noticed. */
const KEEP_ALIVE_MS = 60_000;

/** Where a server listens: a TCP address, or a directory with its Unix-domain socket. */
export type Address =
  | { readonly kind: "tcp"; readonly ip: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** Begins to connect. */
export function dial(address: Address): Socket {
  if (address.kind === "unix") return connect({ path: address.path });
  return connect({
    host: address.ip,
    port: address.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  });
}

/** Resolves when `socket` is connected. */
export function connected(socket: Socket): Promise<void> {
  return happened(socket, "connect", "upstream/unreachable");
}

export interface SecureOptions {
  readonly context: tls.SecureContext;
  /** The host as configured: sent as SNI when it is a name, and compared with the certificate if `verify` is "full". */
  readonly host: string;
  readonly verify: "none" | "ca" | "full";
  /** A session to resume. */
  readonly session: Buffer | undefined;
}

/** Begins a TLS handshake on a connected socket from which nothing was read past the server's answer. */
export function secure(raw: Socket, { context, host, verify, session }: SecureOptions): tls.TLSSocket {
  return tls.connect({
    socket: raw,
    secureContext: context,
    servername: isIP(host) === 0 ? host : "", // RFC 6066 §3: no addresses
    ALPNProtocols: ["postgresql"],
    rejectUnauthorized: verify !== "none",
    checkServerIdentity: (_name, certificate) =>
      verify === "full" ? tls.checkServerIdentity(host, certificate) : undefined,
    ...(session === undefined ? {} : { session }),
  });
}

/** Resolves when the handshake is done and the certificate was accepted. */
export function secured(socket: tls.TLSSocket): Promise<void> {
  return happened(socket, "secureConnect", "upstream/tls");
}

function happened(
  socket: Socket,
  event: "connect" | "secureConnect",
  code: "upstream/unreachable" | "upstream/tls",
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      socket.removeListener(event, onDone);
      socket.removeListener("error", onError);
      socket.removeListener("close", onClose);
      outcome();
    };
    const onDone = () => settle(resolve);
    const onError = (error: Error) => {
      socket.on("error", () => {}); // what comes after the first error says nothing new
      settle(() => reject(new UpstreamError(code, messageOf(error), { cause: error })));
    };
    const onClose = () => settle(() => reject(new UpstreamError(code, "the server closed the connection")));
    socket.on(event, onDone);
    socket.on("error", onError);
    socket.on("close", onClose);
  });
}
