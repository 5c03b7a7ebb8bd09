/** Type byte and length word ("Message Formats"). */
const HEAD_BYTES = 5;
/** The length word counts itself. */
const LENGTH_BYTES = 4;

/** The beginning of a message's body, up to the limit: `bytes` from `start` to `end`. Only good during the call. */
export interface Body {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** How long the body is in whole. */
  readonly length: number;
}

type OnBody = (type: number, body: Body) => void;

/**
 * Reads the beginnings of some kinds of messages out of a stream, and hops over everything else: a message of any length
 * takes no more memory than the limit. It reads along; a length that is impossible makes it blind, and nothing else. It
 * stands on the path of every byte, so nothing is copied or cut out where a message lies in a chunk in whole.
 */
export class MessageHeads {
  /** 1 for the types that are wanted. */
  readonly #wanted = new Uint8Array(256);
  readonly #limit: number;
  readonly #onBody: OnBody;
  /** A message that has begun, and how much of what is wanted of it is there. */
  #begun = Buffer.alloc(HEAD_BYTES);
  #have = 0;
  /** Bytes still to come of a message of which nothing more is wanted. */
  #skip = 0;
  #blind = false;

  /** @param limit how much of a body is wanted */
  constructor(types: readonly number[], limit: number, onBody: OnBody) {
    for (const type of types) this.#wanted[type] = 1;
    this.#limit = limit;
    this.#onBody = onBody;
  }

  push(chunk: Buffer): void {
    let at = this.#skip;
    while (at < chunk.length && !this.#blind) {
      const from = at;
      if (this.#have === 0) at = this.#see(chunk, from);
      if (at === from) at = this.#gather(chunk, from);
    }
    this.#skip = this.#blind ? 0 : at - chunk.length;
  }

  /**
   * Tells the message at `at`. Returns where the next one begins, which may be behind these bytes; `at` when not all of it
   * that is wanted is there.
   */
  #see(bytes: Buffer, at: number): number {
    const start = at + HEAD_BYTES;
    if (start > bytes.length) return at;
    const type = bytes[at] ?? 0;
    const length = bytes.readInt32BE(at + 1) - LENGTH_BYTES;
    if (length < 0) {
      this.#blind = true;
      return bytes.length;
    }
    if (this.#wanted[type] === 1) {
      const end = start + Math.min(length, this.#limit);
      if (end > bytes.length) return at;
      this.#onBody(type, { bytes, start, end, length });
    }
    return start + length;
  }

  /** Takes what is wanted of a message that comes in pieces. Returns where to go on in `chunk`. */
  #gather(chunk: Buffer, from: number): number {
    const at = this.#copy(chunk, from, HEAD_BYTES);
    if (this.#have < HEAD_BYTES) return at;
    const end = this.#copy(chunk, at, this.#needed());
    const next = this.#see(this.#begun.subarray(0, this.#have), 0);
    if (next === 0) return end;
    const have = this.#have;
    this.#have = 0;
    this.#begun = Buffer.alloc(HEAD_BYTES);
    return end + next - have;
  }

  /** How much of the message that has begun has to be there, by its head. */
  #needed(): number {
    if (this.#wanted[this.#begun[0] ?? 0] !== 1) return HEAD_BYTES;
    const length = this.#begun.readInt32BE(1) - LENGTH_BYTES;
    return HEAD_BYTES + Math.min(Math.max(length, 0), this.#limit);
  }

  /** Copies from `at` on, until `needed` bytes of the message are there. Returns where it stopped. */
  #copy(chunk: Buffer, at: number, needed: number): number {
    if (this.#begun.length < needed) {
      const larger = Buffer.allocUnsafe(needed);
      this.#begun.copy(larger, 0, 0, this.#have);
      this.#begun = larger;
    }
    if (this.#have >= needed) return at;
    const copied = chunk.copy(this.#begun, this.#have, at, at + needed - this.#have);
    this.#have += copied;
    return at + copied;
  }
}
