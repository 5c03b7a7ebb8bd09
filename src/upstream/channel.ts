import { type BackendMessage, BackendReader } from "../protocol/backend.ts";
import { ProtocolFault } from "../protocol/fault.ts";
import type { Wire } from "../wire/wire.ts";
import { ignore } from "../wire/wire.ts";
import { UpstreamError } from "./errors.ts";

/** All that a server may send during one login: its notices and parameters are a few kilobytes. */
const MAX_LOGIN_BYTES = 1024 * 1024;

interface Waiting {
  readonly resolve: (message: BackendMessage) => void;
  readonly reject: (error: Error) => void;
}

/** Messages over an open connection, until the connection becomes a session and is let go. */
export class Channel {
  readonly wire: Wire;
  readonly #reader = new BackendReader();
  #received = 0;
  #waiting: Waiting | undefined;
  #failure: Error | undefined;
  #onTrouble: (() => void) | undefined;

  constructor(wire: Wire) {
    this.wire = wire;
    wire.onData = (chunk) => this.#push(chunk);
    wire.onClose = (error) => this.#leave(error);
    if (wire.closed) this.#leave(undefined); // it was told before we listened
    wire.resume();
  }

  send(bytes: Buffer): void {
    this.wire.write(bytes);
  }

  /**
   * The server's next message.
   * @throws UpstreamError when the connection ends or the server breaks the protocol
   */
  receive(): Promise<BackendMessage> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#deliver();
    });
  }

  /** Whether nothing came in that was not received, and the connection lives. */
  get quiet(): boolean {
    return this.#failure === undefined && this.#reader.rest().length === 0;
  }

  /** Calls `listener` once when a byte arrives that nobody waits for, or the connection ends. */
  watch(listener: () => void): void {
    this.#onTrouble = listener;
    if (!this.quiet) this.#trouble();
  }

  unwatch(): void {
    this.#onTrouble = undefined;
  }

  /** Stops reading and lets go of the connection. Returns what came in behind the last message received. */
  release(): Buffer {
    this.wire.pause();
    this.wire.onData = ignore;
    this.wire.onClose = ignore;
    return this.#reader.rest();
  }

  #push(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > MAX_LOGIN_BYTES) {
      this.#fail(new UpstreamError("upstream/protocol", `more than ${MAX_LOGIN_BYTES} bytes during a login`));
      return;
    }
    this.#reader.push(chunk);
    if (this.#waiting === undefined) this.#trouble();
    else this.#deliver();
  }

  #leave(error: Error | undefined): void {
    const detail = error?.message ?? "the server closed the connection";
    this.#fail(new UpstreamError("upstream/unreachable", detail, { cause: error }));
  }

  #deliver(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    try {
      // What the server said before it hung up comes first: it is the reason.
      const message = this.#reader.next();
      if (message !== undefined) {
        this.#waiting = undefined;
        waiting.resolve(message);
      } else if (this.#failure !== undefined) {
        this.#waiting = undefined;
        waiting.reject(this.#failure);
      }
    } catch (error) {
      if (!(error instanceof ProtocolFault)) throw error;
      this.#waiting = undefined;
      waiting.reject(this.#fail(new UpstreamError("upstream/protocol", `the server sent ${error.message}`)));
    }
  }

  #fail(failure: UpstreamError): Error {
    this.#failure ??= failure;
    this.wire.destroy();
    this.#trouble();
    this.#deliver();
    return this.#failure;
  }

  #trouble(): void {
    const listener = this.#onTrouble;
    this.#onTrouble = undefined;
    listener?.();
  }
}
