import { Reclaimer, release } from "../../../base/memory.ts";

/** Room for what follows a first piece that was too short. */
const FIRST_BYTES = 512;
/**
 * Of the length that is expected, room is made for this part; and for all of it once so much has come. Whoever
 * announces much and sends little gets little, and a large body is moved no more than once, while it is small. Room
 * that nothing was put into costs addresses, and no memory.
 */
const BELIEVED = 1 / 64;
const EMPTY: Buffer = Buffer.alloc(0);

/**
 * Bytes that came in and were not used yet, as one piece. A piece that arrives whole is used where it lies; pieces are
 * copied together otherwise, so that a body in single bytes costs no more than its length. What was handed out is never
 * written to again.
 */
export class Backlog {
  #bytes = EMPTY;
  #start = 0;
  #end = 0;
  /** Whether the rest of `#bytes` is ours to write to. */
  #owned = false;
  /** Whether somebody else has a part of `#bytes`. */
  #shared = false;
  /** Chunks of which all was copied or used. */
  readonly #copied = new Reclaimer();

  get length(): number {
    return this.#end - this.#start;
  }

  /** All of it, without taking it. It is not to be kept. */
  get view(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /**
   * @param chunk the backlog's to keep, memory and all
   * @param expected how long it will be in the end, or may be at most: no more room than that is made
   */
  push(chunk: Buffer, expected?: number): void {
    if (this.length === 0) {
      this.#use(chunk, chunk.length, false);
    } else {
      this.append(chunk, expected);
      this.#copied.add(chunk);
    }
  }

  /** The same with a part of something: it is copied always. */
  append(part: Buffer, expected?: number): void {
    this.#makeRoom(part.length, expected);
    part.copy(this.#bytes, this.#end);
    this.#end += part.length;
  }

  /** Takes the first `length` bytes. */
  take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#start + length);
    this.#shared = true;
    this.skip(length);
    return taken;
  }

  skip(length: number): void {
    this.#start += length;
    if (this.#start < this.#end) return;
    this.#drop();
    this.#use(EMPTY, 0, false); // nothing keeps memory between two requests
  }

  #use(bytes: Buffer, end: number, owned: boolean): void {
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = end;
    this.#owned = owned;
    this.#shared = false;
  }

  /** Gives back what `#bytes` lies in, where nobody else has a part of it. */
  #drop(): void {
    if (this.#shared) return;
    if (this.#owned) release(this.#bytes);
    else this.#copied.add(this.#bytes);
  }

  #makeRoom(more: number, expected: number | undefined): void {
    const { length } = this;
    if (this.#owned && this.#end + more <= this.#bytes.length) return;
    const needed = length + more;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, roomFor(length, needed, expected)));
    this.#bytes.copy(larger, 0, this.#start, this.#end);
    this.#drop();
    this.#use(larger, length, true);
  }
}

function roomFor(length: number, needed: number, expected: number | undefined): number {
  if (expected === undefined) return Math.max(length * 2, FIRST_BYTES);
  const believed = Math.ceil(expected * BELIEVED);
  return needed < believed ? believed : expected;
}
