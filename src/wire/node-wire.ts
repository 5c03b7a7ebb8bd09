import { isIP, type Socket } from "node:net";
import * as tls from "node:tls";
import type { ClientTls, ServerTls, TlsFacts, Wire } from "./wire.ts";
import { ignore } from "./wire.ts";

interface Handshake {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A wire on node:net and node:tls. */
export class NodeWire implements Wire {
  onData: (chunk: Buffer) => void = ignore;
  onDrain: () => void = ignore;
  onClose: (error: Error | undefined) => void = ignore;
  readonly remoteAddress: string;
  readonly remotePort: number;
  #socket: Socket;
  #handshake: Handshake | undefined;
  #error: Error | undefined;
  #closed = false;

  constructor(socket: Socket) {
    this.remoteAddress = socket.remoteAddress ?? "";
    this.remotePort = socket.remotePort ?? 0;
    this.#socket = socket;
    this.#listen();
  }

  get closed(): boolean {
    return this.#closed;
  }

  write(bytes: Buffer): boolean {
    return this.#socket.writable && this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(last?: Buffer): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (last === undefined) socket.end();
    else socket.end(last);
    socket.off("data", this.#onData);
    socket.resume();
  }

  destroy(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  keepAlive(ms: number): void {
    this.#socket.setKeepAlive(true, ms);
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  async acceptTls({ context, alpn }: ServerTls, early: Buffer): Promise<TlsFacts> {
    const raw = this.#release(early.length > 0);
    if (early.length > 0) raw.unshift(early);
    const secure = new tls.TLSSocket(raw, {
      isServer: true,
      secureContext: context,
      ALPNProtocols: protocolList(alpn),
    });
    await this.#secure(secure, "secure");
    const { servername } = secure as { servername?: unknown };
    return {
      alpn: secure.alpnProtocol || undefined,
      serverName: typeof servername === "string" ? servername : undefined,
      certificate: undefined,
      resumed: secure.isSessionReused(),
    };
  }

  async requestTls({ context, host, verify, alpn, session, onSession }: ClientTls): Promise<TlsFacts> {
    const secure = tls.connect({
      socket: this.#release(false),
      secureContext: context,
      servername: isIP(host) === 0 ? host : "", // RFC 6066 §3: no addresses
      ALPNProtocols: protocolList(alpn),
      rejectUnauthorized: verify !== "none",
      checkServerIdentity: (_name, certificate) =>
        verify === "full" ? tls.checkServerIdentity(host, certificate) : undefined,
      ...(session === undefined ? {} : { session }),
    });
    secure.on("session", onSession);
    await this.#secure(secure, "secureConnect");
    return {
      alpn: secure.alpnProtocol || undefined,
      serverName: undefined,
      certificate: secure.getPeerX509Certificate()?.raw,
      resumed: secure.isSessionReused(),
    };
  }

  /** Reads on through `secure` and waits for its handshake. */
  #secure(secure: tls.TLSSocket, done: "secure" | "secureConnect"): Promise<void> {
    this.#socket = secure;
    this.#listen();
    // The reason for which a handshake as the server failed; "error" is not emitted for it.
    secure.once("_tlsError", this.#onError);
    return new Promise((resolve, reject) => {
      this.#handshake = { resolve, reject };
      secure.once(done, () => {
        secure.off("_tlsError", this.#onError);
        this.#handshake = undefined;
        resolve();
      });
    });
  }

  #listen(): void {
    const socket = this.#socket;
    socket.pause();
    socket.on("data", this.#onData);
    socket.on("drain", this.#onDrain);
    socket.on("error", this.#onError);
    socket.on("end", this.#onEnd);
    socket.on("close", this.#onClosed);
  }

  /** Lets go of the plain socket, for TLS to take it. What went wrong with it is told by the socket above. */
  #release(mayHoldMore: boolean): Socket {
    const socket = this.#socket;
    if (socket.destroyed) throw new Error("the connection is closed");
    if (socket.readableLength > 0 && !mayHoldMore) {
      this.destroy();
      throw new Error("bytes before the TLS handshake");
    }
    socket.removeAllListeners("data");
    socket.off("drain", this.#onDrain);
    socket.off("end", this.#onEnd);
    socket.off("close", this.#onClosed);
    return socket;
  }

  readonly #onData = (chunk: Buffer): void => this.onData(chunk);
  readonly #onDrain = (): void => this.onDrain();
  readonly #onError = (error: Error): void => {
    this.#error ??= error;
  };
  readonly #onEnd = (): void => {
    this.destroy();
  };
  readonly #onClosed = (): void => {
    this.#closed = true;
    const handshake = this.#handshake;
    this.#handshake = undefined;
    handshake?.reject(this.#error ?? new Error("the peer closed the connection"));
    this.onClose(this.#error);
  };
}

/**
 * ProtocolNameList (RFC 7301 §3.1) with one name. As a DataView: Node keeps a copy as long as the connection lives, and
 * of this kind alone the copy has memory of its own. That of an array is cut from a pool, 64 kB of which stay with it.
 */
function protocolList(name: string): DataView {
  return new DataView(Uint8Array.of(name.length, ...Buffer.from(name, "latin1")).buffer);
}
