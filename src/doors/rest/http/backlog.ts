/** Room for what follows a first piece that was too short. */
const FIRST_BYTES = 512;
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

  get length(): number {
    return this.#end - this.#start;
  }

  /** All of it, without taking it. */
  get view(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** @param expected how long it will be in the end, if that is known: no more room than that is made */
  push(chunk: Buffer, expected = Number.MAX_SAFE_INTEGER): void {
    if (this.#start === this.#end) {
      this.#bytes = chunk;
      this.#start = 0;
      this.#end = chunk.length;
      this.#owned = false;
      return;
    }
    this.#makeRoom(chunk.length, expected);
    chunk.copy(this.#bytes, this.#end);
    this.#end += chunk.length;
  }

  /** Takes the first `length` bytes. */
  take(length: number): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#start + length);
    this.skip(length);
    return taken;
  }

  skip(length: number): void {
    this.#start += length;
    if (this.#start === this.#end) this.#bytes = EMPTY; // nothing keeps memory between two requests
    if (this.#start >= this.#end) this.#start = this.#end = 0;
  }

  #makeRoom(more: number, expected: number): void {
    const needed = this.length + more;
    if (this.#owned && this.#end + more <= this.#bytes.length) return;
    const doubled = Math.max(this.length * 2, FIRST_BYTES);
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(doubled, expected)));
    this.#bytes.copy(larger, 0, this.#start, this.#end);
    this.#end = this.length;
    this.#start = 0;
    this.#bytes = larger;
    this.#owned = true;
  }
}
