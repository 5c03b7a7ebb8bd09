/**
 * Byte streams over TCP, with or without TLS: one interface, one implementation for each runtime. This room knows
 * nothing of PostgreSQL and decides nothing. It exists because the two runtimes' best sockets are not the same ones:
 * node:net on Node, and on Bun its native sockets, which take a third less CPU a login than Bun's own node:net.
 */
import type { SecureContext } from "node:tls";

/**
 * One connection. It is made paused, and it stays the same object when TLS starts on it.
 *
 *     plain ──acceptTls / requestTls──▶ handshake ──▶ secure
 *       └────────────── the peer ends, an error, destroy() ──────────────▶ closed (onClose, once)
 */
export interface Wire {
  /** Told what came in, while the wire is not paused. The chunk is the listener's to keep. */
  onData: (chunk: Buffer) => void;
  /** Told, after `write` returned false, that everything written has gone out. */
  onDrain: () => void;
  /**
   * Told once when the connection is over, never from inside a call of destroy(): the peer sends no more, something
   * broke, or it was destroyed here. What came in before was told before. PostgreSQL's protocol has no use for
   * half-open connections, so one whose peer has finished is closed.
   */
  onClose: (error: Error | undefined) => void;

  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly closed: boolean;

  /**
   * Sends, or keeps what the kernel does not take yet. The bytes must not change afterwards.
   * @returns false when the source should rest until onDrain; a wire that has ended or closed sends nothing
   */
  write(bytes: Buffer): boolean;
  /** Stops onData at once. What is still read, one chunk and a half at most, is kept for resume(). */
  pause(): void;
  resume(): void;
  /**
   * Sends what is left, then `last`, then says that no more comes. What still comes in is dropped, and the wire closes
   * when the peer has finished too.
   */
  end(last?: Buffer): void;
  /** Closes at once. What was not sent is lost. */
  destroy(): void;
  /** Asks a peer that is silent for a sign of life after this long; one that gives none is gone (RFC 9293 §3.8.4). */
  keepAlive(ms: number): void;
  /** Whether the open connection keeps the process alive; it does, unless unref() was called. */
  ref(): void;
  unref(): void;

  /**
   * Speaks TLS from here on, as the server. Pauses the wire; after the handshake it is resumed by whoever wants data.
   * @param early the beginning of the ClientHello, when that was read already. It goes to the TLS engine alone. Without
   *   it nothing may have come in yet: plain bytes must never pass for bytes from inside TLS (CVE-2021-23214)
   * @throws Error when the handshake fails; the wire closes then
   */
  acceptTls(tls: ServerTls, early: Buffer): Promise<TlsFacts>;
  /**
   * Speaks TLS from here on, as the client. Nothing may have come in that was not read, and nothing is sent in TLS
   * before the server was verified.
   * @throws Error when the handshake or the verification fails; the wire closes then
   */
  requestTls(tls: ClientTls): Promise<TlsFacts>;
}

export interface ServerTls {
  readonly context: SecureContext;
  /** The only protocol that a client which offers some (ALPN, RFC 7301) may mean; others are refused by an alert. */
  readonly alpn: string;
}

export interface ClientTls {
  readonly context: SecureContext;
  /** Host of the server: sent as SNI when it is a name, and compared with the certificate when `verify` is "full". */
  readonly host: string;
  readonly verify: "none" | "ca" | "full";
  readonly alpn: string;
  /** A session to resume. */
  readonly session: Buffer | undefined;
  /** Told each session that the server gives for later. */
  readonly onSession: (session: Buffer) => void;
}

/** What a handshake settled. */
export interface TlsFacts {
  /** The protocol agreed on, when the client offered any. */
  readonly alpn: string | undefined;
  /** The server name (SNI) that the client asked for; the server's side only. */
  readonly serverName: string | undefined;
  /** The server's certificate in DER, when it showed one (a resumed session shows none); the client's side only. */
  readonly certificate: Buffer | undefined;
  readonly resumed: boolean;
}

/** Where a server listens: a TCP address, or a Unix-domain socket. */
export type Address =
  | { readonly kind: "tcp"; readonly ip: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

interface Arrivals {
  readonly onWire: (wire: Wire) => void;
  /** Told of an error of the listening socket, out of descriptors mostly; it goes on listening. */
  readonly onError: (error: Error) => void;
}

export interface ListenOptions extends Arrivals {
  /** Empty: all interfaces. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Share the port with other processes (SO_REUSEPORT). */
  readonly reusePort: boolean;
}

export interface ListenUnixOptions extends Arrivals {
  /** A socket that was left there by a process that is no more is removed. */
  readonly path: string;
  /** Who may connect, as the file's permission bits: 0o660. */
  readonly mode: number;
}

export interface Listener {
  /** An address, or the path of a Unix-domain socket; then the port is 0. */
  readonly address: string;
  readonly port: number;
  /** Frees the port. Connections stay. */
  close(): void;
}

export interface Network {
  /** @throws Error with the system's `code` when the address cannot be used */
  listen(options: ListenOptions): Promise<Listener>;
  /** The same on a Unix-domain socket. */
  listenUnix(options: ListenUnixOptions): Promise<Listener>;
  /** Begins to connect. `opened` rejects when there is no connection; destroying the wire before gives it up. */
  dial(address: Address): { readonly wire: Wire; readonly opened: Promise<void> };
}

/** The time for keepAlive() until it is said: a peer that vanished is noticed in any case. */
export const KEEP_ALIVE_MS = 60_000;

export function ignore(): void {}
