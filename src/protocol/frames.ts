/** Type byte and length word ("Message Formats"). */
const HEAD_BYTES = 5;
/** The length word counts itself. */
const MIN_LENGTH = 4;
/** ReadyForQuery: the one message of which more than the head is looked at. */
const READY_FOR_QUERY = 0x5a;

/**
 * Hops over the messages of one direction of a session, however they are cut into chunks. It looks at the first bytes
 * of each message, six at most, and keeps a few numbers: it stands on the path of every byte, and costs 3 to 10 ns a
 * message there (docs/decisions/2026-11-24-farewell-at-rest.md).
 */
export abstract class Frames {
  /** Bytes still to come of the message that was seen last. */
  #skip = 0;
  /** How many bytes of the next message's head have come, and what they say. */
  #have = 0;
  #type = 0;
  #length = 0;
  /** A length was impossible: where the next message begins is not known any more. */
  #lost = false;

  /**
   * Told each message as soon as its head is there.
   * @param type the type byte
   * @param first the first byte of the body; said for ReadyForQuery only
   */
  protected abstract saw(type: number, first: number): void;

  /** Whether the stream stands between two messages. */
  get between(): boolean {
    return this.#skip === 0 && this.#have === 0 && !this.#lost;
  }

  push(chunk: Buffer): void {
    const end = chunk.length;
    let at = this.#skip;
    while (at < end && !this.#lost) {
      const from = at;
      if (this.#have === 0) at = this.#heads(chunk, from);
      if (at === from) at = this.#byte(chunk, from);
    }
    this.#skip = this.#lost ? 0 : at - end;
  }

  /** Heads that are there in whole. Returns where the next message begins. */
  #heads(chunk: Buffer, from: number): number {
    const last = chunk.length - HEAD_BYTES;
    let at = from;
    while (at <= last) {
      const type = chunk[at] ?? 0;
      if (type === READY_FOR_QUERY && at === last) break;
      const length = chunk.readInt32BE(at + 1);
      this.#see(type, length, chunk[at + HEAD_BYTES] ?? 0);
      if (this.#lost) break;
      at += 1 + length;
    }
    return at;
  }

  /** One byte of a head at the end of a chunk. Returns where to go on. */
  #byte(chunk: Buffer, at: number): number {
    const byte = chunk[at] ?? 0;
    const have = this.#have++;
    if (have === 0) this.#type = byte;
    else if (have < HEAD_BYTES) this.#length = (this.#length << 8) | byte;
    const needed = this.#type === READY_FOR_QUERY ? HEAD_BYTES + 1 : HEAD_BYTES;
    if (this.#have < needed) return at + 1;
    const length = this.#length;
    this.#have = 0;
    this.#length = 0;
    this.#see(this.#type, length, byte);
    return at + 1 + length + 1 - needed;
  }

  #see(type: number, length: number, first: number): void {
    if (length < MIN_LENGTH) this.#lost = true;
    else this.saw(type, first);
  }
}
