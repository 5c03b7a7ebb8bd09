/** The part of Bun's socket API that the wire uses (Bun docs, "TCP"). What its published types lack is marked. */

/** What a socket's events are told to. Handlers are shared by all sockets, so that a connection costs no closures. */
export interface Receiver {
  received(chunk: Buffer): void;
  drained(): void;
  peerEnded(): void;
  failed(error: Error): void;
  wasClosed(error: Error | undefined): void;
  opened(socket: BunSocket): void;
  openedTls(socket: BunSocket): void;
  shookHands(socket: BunSocket, accepted: boolean, error: Error | null): void;
  gotSession(session: Buffer): void;
}

export interface BunSocket {
  data: Receiver;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly alpnProtocol: string | false | null;
  /** How many bytes were taken; -1 when the socket is closed or closing. */
  write(bytes: Buffer): number;
  pause(): void;
  resume(): void;
  /** Ends our side; TLS says so first (close_notify). end() would close both. */
  shutdown(): void;
  /** Closes both sides. */
  close(): void;
  ref(): void;
  unref(): void;
  setNoDelay(on: boolean): boolean;
  setKeepAlive(on: boolean, initialDelayMs: number): boolean;
  setSession(session: Buffer): void;
  isSessionReused(): boolean;
  getServername(): string | undefined;
  getPeerCertificate(): import("node:tls").PeerCertificate | null;
  /** `isServer` and `initialData` are not in the published types; Bun's own node:tls is built on them. */
  upgradeTLS(options: {
    readonly data: Receiver;
    readonly socket: BunHandlers;
    readonly isServer: boolean;
    readonly initialData?: Buffer;
    readonly tls: {
      readonly secureContext: unknown;
      /** In wire format: each name with a length byte before it. */
      readonly ALPNProtocols: Buffer;
      readonly serverName?: string;
      readonly rejectUnauthorized?: boolean;
    };
  }): readonly [raw: BunSocket, tls: BunSocket];
}

export interface BunHandlers {
  open(socket: BunSocket): void;
  data(socket: BunSocket, chunk: Buffer): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  error(socket: BunSocket, error: Error): void;
  close(socket: BunSocket, error?: Error): void;
  /** There is no connection; the promise of connect() rejects too. */
  connectError(socket: BunSocket, error: Error): void;
  handshake?(socket: BunSocket, accepted: boolean, error: Error | null): void;
  session?(socket: BunSocket, session: Buffer): void;
}

export interface BunApi {
  listen(
    options: (
      | { readonly hostname: string; readonly port: number; readonly reusePort: boolean }
      | { readonly unix: string }
    ) & { readonly allowHalfOpen: boolean; readonly socket: BunHandlers },
  ): { readonly hostname: string; readonly port: number; stop(closeConnections: boolean): void };
  connect(
    options: ({ readonly hostname: string; readonly port: number } | { readonly unix: string }) & {
      readonly allowHalfOpen: boolean;
      readonly data: Receiver;
      readonly socket: BunHandlers;
    },
  ): Promise<BunSocket>;
}

/** Bun, when that is what we run on. */
export function bunApi(): BunApi | undefined {
  return process.versions["bun"] === undefined ? undefined : (globalThis as unknown as { Bun: BunApi }).Bun;
}
