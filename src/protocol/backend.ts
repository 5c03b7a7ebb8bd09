/**
 * What a client of a PostgreSQL server reads (PostgreSQL docs, "Message Formats"): a framer with hard limits and one
 * parser for each message that can come before the first ReadyForQuery. A server that breaks the protocol is a
 * misfortune and not an everyday client, so these throw a ProtocolFault; the connection ends with it.
 */
import { ProtocolFault } from "./fault.ts";

/** One whole message of the server. */
export interface BackendMessage {
  /** The type, one ASCII character. */
  readonly type: string;
  readonly body: Buffer;
  /** The message as it came, with its header. */
  readonly raw: Buffer;
}

const HEADER_BYTES = 5;
/** Nothing that a server sends during a login is longer; libpq draws the line at 30,000 bytes. */
const MAX_LOGIN_MESSAGE_BYTES = 64 * 1024;

/** Cuts the server's bytes into messages. */
export class BackendReader {
  readonly #limit: number;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(limit = MAX_LOGIN_MESSAGE_BYTES) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
  }

  /**
   * The next message when it is whole.
   * @throws ProtocolFault as soon as a header is impossible, before its body is waited for
   */
  next(): BackendMessage | undefined {
    if (this.#buffer.length < HEADER_BYTES) return undefined;
    const length = this.#buffer.readInt32BE(1);
    if (length < 4 || length > this.#limit) throw new ProtocolFault(`a message of ${length} bytes`);
    const end = 1 + length;
    if (this.#buffer.length < end) return undefined;
    const raw = this.#buffer.subarray(0, end);
    this.#buffer = this.#buffer.subarray(end);
    return { type: String.fromCharCode(raw[0] ?? 0), body: raw.subarray(HEADER_BYTES), raw };
  }

  /** What was pushed and is not part of a message taken so far. */
  rest(): Buffer {
    return this.#buffer;
  }
}
