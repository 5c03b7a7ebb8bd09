import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import * as tls from "node:tls";
import type { Authority } from "../../../src/demo/authority.ts";
import { createAuthority } from "../../../src/demo/authority.ts";
import type { ClientTls, Network, Wire } from "../../../src/wire/wire.ts";
import { ignore } from "../../../src/wire/wire.ts";

/** What one case of the conformance suite works with; everything that it opens is closed with it. */
export interface Stage {
  readonly network: Network;
  readonly trust: Trust;
  /** A wire that was accepted, and the socket at its other end. */
  accepted(): Promise<{ readonly wire: Wire; readonly peer: Socket }>;
  /** A wire that was dialled, and the socket at its other end. */
  dialled(): Promise<{ readonly wire: Wire; readonly peer: Socket }>;
}

/** Certificates that all cases share: making them is slow. */
export interface Trust {
  readonly ours: Authority;
  readonly other: Authority;
  /** For `localhost`. */
  readonly server: tls.SecureContext;
  readonly named: (names: readonly string[], expired?: boolean) => Promise<tls.SecureContext>;
}

export const ALPN = "postgresql";

export async function createTrust(): Promise<Trust> {
  const ours = await createAuthority("ours");
  const named = async (names: readonly string[], expired = false) =>
    tls.createSecureContext({ ...(await ours.server(names, { expired })), minVersion: "TLSv1.2" });
  return { ours, other: await createAuthority("other"), server: await named(["localhost"]), named };
}

export async function onStage(network: Network, trust: Trust, play: (stage: Stage) => Promise<void>) {
  const before = openSockets();
  const closing: (() => void)[] = [];
  const keep = (wire: Wire, peer: Socket) => {
    peer.on("error", ignore);
    closing.push(
      () => wire.destroy(),
      () => secured.get(peer)?.destroy(),
      () => peer.destroy(),
    );
    return { wire, peer };
  };
  const accepted = async () => {
    const arrived = Promise.withResolvers<Wire>();
    const listener = await network.listen({ ...LOOPBACK, onWire: arrived.resolve, onError: arrived.reject });
    closing.push(() => listener.close());
    const peer = connect({ port: listener.port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    return keep(await arrived.promise, peer);
  };
  const dialled = async () => {
    const server = await listening(createServer({ allowHalfOpen: true, noDelay: true }));
    closing.push(() => server.close());
    const arrived = once(server, "connection") as Promise<[Socket]>;
    const { wire, opened } = network.dial({ kind: "tcp", ip: "127.0.0.1", port: portOf(server) });
    await opened;
    const [peer] = await arrived;
    return keep(wire, peer);
  };
  try {
    await play({ network, trust, accepted, dialled });
  } finally {
    for (const close of closing) close();
  }
  // Every case leaves as many sockets as it found. A leak shows as a case that hangs here.
  while (openSockets() > before) await new Promise(setImmediate);
}

export const LOOPBACK = { host: "127.0.0.1", port: 0, reusePort: false } as const;

export async function listening(server: Server): Promise<Server> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port; // it listens on TCP
}

/** Resolves with what a wire is told when it closes. */
export function closed(wire: Wire): Promise<Error | undefined> {
  return new Promise((resolve) => {
    wire.onClose = resolve;
  });
}

/** Resolves with what comes in through a wire once there are `length` bytes; leaves it paused. */
export function read(wire: Wire, length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let arrived = 0;
    wire.onData = (chunk) => {
      chunks.push(chunk);
      arrived += chunk.length;
      if (arrived < length) return;
      wire.pause();
      resolve(Buffer.concat(chunks));
    };
    wire.resume();
  });
}

/** Resolves with all that comes in through a socket until the other side ends. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(socket, "end");
  return Buffer.concat(chunks);
}

/** Resolves with what comes in through a socket once there are `length` bytes. */
export function readSome(socket: Socket, length: number): Promise<Buffer> {
  return new Promise((resolve) => {
    let arrived = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      arrived = Buffer.concat([arrived, chunk]);
      if (arrived.length < length) return;
      socket.off("data", onData);
      resolve(arrived);
    };
    socket.on("data", onData);
  });
}

/** The TLS on a peer's socket: on Bun it does not end with the socket beneath it. */
const secured = new WeakMap<Socket, tls.TLSSocket>();

/** A client's TLS on a connected socket, not verified: what is tested is the other end. */
export function tlsClient(socket: Socket, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  const secure = tls.connect({
    socket,
    rejectUnauthorized: false,
    servername: "localhost",
    ALPNProtocols: [ALPN],
    ...options,
  });
  secure.on("error", ignore);
  secured.set(socket, secure);
  return secure;
}

/** A server's TLS on an accepted socket. */
export function tlsServer(socket: Socket, secureContext: tls.SecureContext): tls.TLSSocket {
  const secure = new tls.TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [ALPN] });
  secure.on("error", ignore);
  secured.set(socket, secure);
  return secure;
}

export function clientTls(ca: string, more: Partial<ClientTls> = {}): ClientTls {
  return {
    context: tls.createSecureContext({ ca }),
    host: "localhost",
    verify: "full",
    alpn: ALPN,
    session: undefined,
    onSession: ignore,
    ...more,
  };
}

/** Bytes in which a lost, doubled or misplaced part shows. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

/** Sockets that this process has open. */
function openSockets(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
    } catch {
      return false; // it was the directory's own
    }
  }).length;
}
