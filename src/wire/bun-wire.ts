import { isIP } from "node:net";
import type { BunSocket, Receiver } from "./bun-api.ts";
import { nobody, tlsHandlers } from "./bun-handlers.ts";
import type { Fault } from "./bun-tls.ts";
import { clientFault, nativeContext, protocolList, serverFault } from "./bun-tls.ts";
import type { ClientTls, ServerTls, TlsFacts, Wire } from "./wire.ts";
import { ignore, KEEP_ALIVE_MS } from "./wire.ts";

/** Shared by all wires: most of them have nothing in store most of the time. */
const NOTHING: readonly Buffer[] = [];
const EMPTY = Buffer.alloc(0);

interface Handshake {
  readonly fault: Fault;
  readonly session: Buffer | undefined;
  readonly resolve: (socket: BunSocket) => void;
  readonly reject: (error: Error) => void;
}

/** A wire on Bun's native sockets. */
export class BunWire implements Wire, Receiver {
  onData: (chunk: Buffer) => void = ignore;
  onDrain: () => void = ignore;
  onClose: (error: Error | undefined) => void = ignore;
  remoteAddress = "";
  remotePort = 0;
  #socket: BunSocket | undefined;
  #handshake: Handshake | undefined;
  #onSession: (session: Buffer) => void = ignore;
  /** What came while the wire was paused: one chunk mostly, for then the socket rests as well. */
  #held = NOTHING;
  /** What the kernel did not take yet. */
  #unsent = NOTHING;
  #paused = true;
  /** Whether the socket itself is paused. It is only when something came in that is not wanted: it costs a call. */
  #resting = false;
  #ending = false;
  /** Nothing more comes in; told as soon as what is held was taken. */
  #over = false;
  #closed = false;
  #error: Error | undefined;

  get closed(): boolean {
    return this.#closed;
  }

  write(bytes: Buffer): boolean {
    return !this.#closed && !this.#ending && this.#send(bytes);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    if (this.#held.length > 0) queueMicrotask(() => this.#deliver());
    else this.#wake();
  }

  end(last?: Buffer): void {
    if (this.#closed || this.#ending) return;
    if (last !== undefined) this.#send(last);
    this.#ending = true;
    this.#held = NOTHING;
    if (this.#over) {
      this.destroy();
    } else {
      this.#wake();
      if (this.#unsent.length === 0) this.#socket?.shutdown();
    }
  }

  destroy(): void {
    if (this.#closed) return;
    this.#shut();
    queueMicrotask(() => this.onClose(this.#error));
  }

  keepAlive(ms: number): void {
    this.#socket?.setKeepAlive(true, ms);
  }

  ref(): void {
    this.#socket?.ref();
  }

  unref(): void {
    this.#socket?.unref();
  }

  async acceptTls({ context, alpn }: ServerTls, early: Buffer): Promise<TlsFacts> {
    const tls = { secureContext: nativeContext(context), ALPNProtocols: protocolList(alpn) };
    const begun = early.length > 0 ? Buffer.concat([early, ...this.#held]) : undefined;
    if (begun !== undefined) this.#held = NOTHING;
    const initial = begun === undefined ? {} : { initialData: begun };
    const socket = await this.#upgrade({ fault: clientFault, session: undefined }, (plain) =>
      plain.upgradeTLS({ data: this, socket: tlsHandlers, isServer: true, ...initial, tls }),
    );
    return {
      alpn: socket.alpnProtocol || undefined,
      serverName: socket.getServername() || undefined,
      certificate: undefined,
      resumed: socket.isSessionReused(),
    };
  }

  async requestTls({ context, host, verify, alpn, session, onSession }: ClientTls): Promise<TlsFacts> {
    const tls = {
      secureContext: nativeContext(context),
      ALPNProtocols: protocolList(alpn),
      rejectUnauthorized: false, // serverFault judges; it knows verify-ca too
      ...(isIP(host) === 0 ? { serverName: host } : {}), // RFC 6066 §3: no addresses
    };
    this.#onSession = onSession;
    let certificate: ReturnType<BunSocket["getPeerCertificate"]> = null;
    // Asked for once: Bun takes the whole certificate apart each time.
    const certificateOf = (secure: BunSocket) => {
      certificate ??= secure.getPeerCertificate();
      return certificate;
    };
    const socket = await this.#upgrade(
      { fault: serverFault(host, verify, certificateOf), session },
      (plain) => plain.upgradeTLS({ data: this, socket: tlsHandlers, isServer: false, tls }),
    );
    return {
      alpn: socket.alpnProtocol || undefined,
      serverName: undefined,
      certificate: certificateOf(socket)?.raw,
      resumed: socket.isSessionReused(),
    };
  }

  /** Puts TLS on the socket and waits for the handshake, for which the socket must flow. */
  #upgrade(
    how: Pick<Handshake, "fault" | "session">,
    upgrade: (plain: BunSocket) => readonly [raw: BunSocket, secure: BunSocket],
  ): Promise<BunSocket> {
    return new Promise((resolve, reject) => {
      const plain = this.#socket;
      if (plain === undefined) return reject(new Error("the connection is closed"));
      if (this.#held.length > 0) {
        this.destroy();
        return reject(new Error("bytes before the TLS handshake"));
      }
      this.#paused = true;
      this.#handshake = { ...how, resolve, reject };
      const [raw, secure] = upgrade(plain);
      // The plain half goes on telling its events, ciphertext and all, to whoever it told them before.
      raw.data = nobody;
      this.#socket = secure;
      this.#resting = false;
      secure.resume();
    });
  }

  #send(bytes: Buffer): boolean {
    if (this.#unsent.length > 0) {
      this.#unsent = [...this.#unsent, bytes];
      return false;
    }
    const sent = this.#socket?.write(bytes) ?? 0;
    if (sent === bytes.length) return true;
    if (sent < 0) this.destroy();
    else this.#unsent = [bytes.subarray(sent)];
    return false;
  }

  #deliver(): void {
    while (!this.#paused && this.#held.length > 0) {
      const [first = EMPTY, ...others] = this.#held;
      this.#held = others;
      this.onData(first);
    }
    if (this.#closed || this.#held.length > 0) return;
    this.#held = NOTHING;
    if (this.#over) this.#finish();
    else if (!this.#paused) this.#wake();
  }

  /** Lets the kernel keep what comes. */
  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    this.#socket?.pause();
  }

  #wake(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#socket?.resume();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#over = true;
    if (this.#held.length > 0 && this.#error === undefined) return; // onClose comes behind it
    this.#shut();
    this.onClose(this.#error);
  }

  #shut(): void {
    const socket = this.#socket;
    const handshake = this.#handshake;
    this.#closed = true;
    this.#held = NOTHING;
    this.#unsent = NOTHING;
    this.#socket = undefined;
    this.#handshake = undefined;
    handshake?.reject(this.#error ?? new Error("the peer closed the connection"));
    if (socket === undefined) return;
    socket.data = nobody;
    socket.close();
  }

  // What the socket tells.

  opened(socket: BunSocket): void {
    if (this.#closed) {
      socket.data = nobody;
      socket.close(); // it was given up while it was connecting
      return;
    }
    this.#socket = socket;
    socket.data = this;
    this.remoteAddress = socket.remoteAddress ?? "";
    this.remotePort = socket.remotePort ?? 0;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  openedTls(socket: BunSocket): void {
    const session = this.#handshake?.session;
    if (session !== undefined) socket.setSession(session);
  }

  shookHands(socket: BunSocket, accepted: boolean, error: Error | null): void {
    const handshake = this.#handshake;
    if (handshake === undefined) return;
    const fault = handshake.fault(socket, accepted, error);
    if (fault === undefined) {
      this.#handshake = undefined;
      handshake.resolve(socket);
    } else {
      this.#error ??= fault;
      this.destroy();
    }
  }

  gotSession(session: Buffer): void {
    this.#onSession(session);
  }

  received(chunk: Buffer): void {
    if (this.#ending) return;
    if (!this.#paused && this.#held.length === 0) {
      this.onData(chunk);
    } else {
      this.#held = [...this.#held, chunk];
      this.#rest();
    }
  }

  drained(): void {
    const unsent = this.#unsent;
    if (unsent.length === 0) return;
    this.#unsent = NOTHING;
    for (const bytes of unsent) this.#send(bytes);
    if (this.#closed || this.#unsent.length > 0) return;
    if (this.#ending) this.#socket?.shutdown();
    else this.onDrain();
  }

  peerEnded(): void {
    this.#finish();
  }

  failed(error: Error): void {
    this.#error ??= error;
  }

  wasClosed(error: Error | undefined): void {
    this.#error ??= error;
    this.#finish();
  }
}
