import { Reclaimer } from "../base/memory.ts";
import { ProtocolFault } from "./fault.ts";

/** Type byte and length word. */
const HEADER_BYTES = 5;
/** Its length word counts itself. */
const LENGTH_BYTES = 4;

/**
 * Told each message, as a part of a piece of memory: nothing is made for a message that is only looked at.
 * @param type the type byte
 * @param bytes holds the body from `start` to `end`; the memory is the listener's to keep
 */
export type OnMessage = (type: number, bytes: Buffer, start: number, end: number) => void;

/** A message that is longer than whoever reads wants to keep. */
export class TooLong extends ProtocolFault {
  readonly type: number;

  constructor(type: number, length: number) {
    super(`a message of ${length} bytes`);
    this.type = type;
  }
}

/**
 * Cuts a server's bytes into messages during a session. Messages that came whole are told where they lie; one that
 * came in pieces is put together once, in memory of its own size, so that a large one is copied once and no more.
 */
export class MessageStream {
  readonly #onMessage: OnMessage;
  readonly #limit: number;
  /** A message that has begun: its header alone as long as that is not whole. */
  #begun: Buffer | undefined;
  #filled = 0;
  /** Chunks of which all was copied. */
  readonly #copied = new Reclaimer();

  /** @param limit the longest message that is kept */
  constructor(limit: number, onMessage: OnMessage) {
    this.#limit = limit;
    this.#onMessage = onMessage;
  }

  /** Whether everything that came in was whole messages. */
  get atRest(): boolean {
    return this.#begun === undefined;
  }

  /** The length of the message that has begun, as far as it is known. */
  get begunBytes(): number {
    return this.#begun?.length ?? 0;
  }

  /**
   * @param chunk the stream's to keep, memory and all
   * @throws ProtocolFault as soon as a header is impossible; TooLong when its message would not be kept
   */
  push(chunk: Buffer): void {
    const { length } = chunk;
    let at = this.#begun === undefined ? 0 : this.#fill(this.#begun, chunk);
    if (at === length) this.#copied.add(chunk);
    while (length - at >= HEADER_BYTES) {
      const end = at + 1 + this.#lengthAt(chunk, at);
      if (end > length) break;
      this.#onMessage(chunk[at] ?? 0, chunk, at + HEADER_BYTES, end);
      at = end;
    }
    if (at < length) this.#begin(chunk, at);
  }

  /** Goes on with a message that has begun. Returns how much of `chunk` that took. */
  #fill(begun: Buffer, chunk: Buffer): number {
    const took = chunk.copy(begun, this.#filled);
    this.#filled += took;
    if (this.#filled < begun.length) return took;
    if (begun.length === HEADER_BYTES) {
      const length = this.#lengthAt(begun, 0);
      if (length > LENGTH_BYTES) {
        this.#make(1 + length, begun);
        return took + (took < chunk.length ? this.#fill(this.#begun ?? begun, chunk.subarray(took)) : 0);
      }
    }
    this.#begun = undefined;
    this.#onMessage(begun[0] ?? 0, begun, HEADER_BYTES, begun.length);
    return took;
  }

  #begin(chunk: Buffer, at: number): void {
    const rest = chunk.subarray(at);
    const size = rest.length < HEADER_BYTES ? HEADER_BYTES : 1 + this.#lengthAt(rest, 0);
    this.#make(size, rest);
  }

  #make(size: number, start: Buffer): void {
    this.#begun = Buffer.allocUnsafe(size);
    this.#filled = start.copy(this.#begun);
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at + 1);
    if (length < LENGTH_BYTES) throw new ProtocolFault(`a message of ${length} bytes`);
    if (length > this.#limit) throw new TooLong(bytes[at] ?? 0, length);
    return length;
  }
}
