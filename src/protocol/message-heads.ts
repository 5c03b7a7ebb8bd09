/** Type byte and length word ("Message Formats"). */
const HEAD_BYTES = 5;
/** The length word counts itself. */
const LENGTH_BYTES = 4;

/**
 * @param body the beginning of the message's body, up to the limit; only good during the call
 * @param length how long the body is in whole
 */
type OnBody = (type: number, body: Buffer, length: number) => void;

/**
 * Reads the beginnings of some kinds of messages out of a stream, and hops over everything else: a message of any length
 * takes no more memory than the limit. It reads along; a length that is impossible makes it blind, and nothing else.
 */
export class MessageHeads {
  readonly #types: ReadonlySet<number>;
  readonly #limit: number;
  readonly #onBody: OnBody;
  /** A message that has begun, and how much of what is wanted of it is there. */
  #begun = Buffer.alloc(HEAD_BYTES);
  #have = 0;
  /** Bytes still to come of a message of which nothing more is wanted. */
  #skip = 0;
  #blind = false;

  /** @param limit how much of a body is wanted */
  constructor(types: ReadonlySet<number>, limit: number, onBody: OnBody) {
    this.#types = types;
    this.#limit = limit;
    this.#onBody = onBody;
  }

  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#blind) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
      } else if (this.#have === 0 && this.#isThere(chunk, at)) at += this.#see(chunk, at);
      else at += this.#gather(chunk, at);
    }
  }

  /** Whether all that is wanted of the message at `at` lies in `chunk`. */
  #isThere(chunk: Buffer, at: number): boolean {
    return chunk.length - at >= HEAD_BYTES && chunk.length - at >= this.#wanted(chunk, at);
  }

  /** Takes what is wanted of a message that comes in pieces. Returns how many bytes that were. */
  #gather(chunk: Buffer, from: number): number {
    let at = from;
    at += this.#copy(chunk, at, HEAD_BYTES);
    if (this.#have < HEAD_BYTES) return at - from;
    const wanted = this.#wanted(this.#begun, 0);
    at += this.#copy(chunk, at, wanted);
    if (this.#have < wanted) return at - from;
    this.#have = 0;
    this.#see(this.#begun.subarray(0, wanted), 0);
    this.#begun = Buffer.alloc(HEAD_BYTES);
    return at - from;
  }

  #copy(chunk: Buffer, at: number, wanted: number): number {
    if (this.#begun.length < wanted) {
      const larger = Buffer.allocUnsafe(wanted);
      this.#begun.copy(larger);
      this.#begun = larger;
    }
    if (this.#have >= wanted) return 0;
    const copied = chunk.copy(this.#begun, this.#have, at, at + wanted - this.#have);
    this.#have += copied;
    return copied;
  }

  /** How much of the message at `at` has to be there, by its head. */
  #wanted(bytes: Buffer, at: number): number {
    if (!this.#types.has(bytes[at] ?? 0)) return HEAD_BYTES;
    const length = bytes.readInt32BE(at + 1) - LENGTH_BYTES;
    return HEAD_BYTES + Math.min(Math.max(length, 0), this.#limit);
  }

  /** Tells the message at `at`. Returns how far it goes in these bytes; the rest of it is hopped over. */
  #see(bytes: Buffer, at: number): number {
    const length = bytes.readInt32BE(at + 1) - LENGTH_BYTES;
    if (length < 0) {
      this.#blind = true;
      return bytes.length - at;
    }
    const type = bytes[at] ?? 0;
    if (this.#types.has(type))
      this.#onBody(type, bytes.subarray(at + HEAD_BYTES, at + this.#wanted(bytes, at)), length);
    const used = Math.min(HEAD_BYTES + length, bytes.length - at);
    this.#skip = HEAD_BYTES + length - used;
    return used;
  }
}
