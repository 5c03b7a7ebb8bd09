import { badBody } from "../../refusals.ts";
import { MAX_CSV_JSON } from "../limits.ts";

/** Large enough to be sent without being copied, small beside what a process takes anyway. */
const PIECE_BYTES = 64 * 1024;
/** Up to this length a loop of ours copies faster than a call into the runtime does. */
const SHORT = 24;
const QUOTE = 0x22;

/** A JSON text that is written byte by byte into pieces of memory, and never put together. */
export class JsonPieces {
  readonly #full: Buffer[] = [];
  #piece: Buffer;
  #at = 0;
  #written = 0;

  /** @param expected about how long it will be */
  constructor(expected: number) {
    this.#piece = Buffer.allocUnsafeSlow(Math.max(1, Math.min(expected, PIECE_BYTES)));
  }

  /** How long the text is so far. */
  get length(): number {
    return this.#written + this.#at;
  }

  /** @throws RestError PGRST102 when the text becomes longer than is reasonable */
  byte(byte: number): void {
    if (this.#at === this.#piece.length) this.#next();
    this.#piece[this.#at++] = byte;
  }

  write(bytes: Buffer, start = 0, end = bytes.length): void {
    let from = start;
    while (from < end) {
      const to = Math.min(end, from + this.#piece.length - this.#at);
      this.#copy(bytes, from, to);
      if (to < end) this.#next();
      from = to;
    }
  }

  /** Bytes as a string; there is nothing in them that has to be escaped. */
  quoted(bytes: Buffer, start: number, end: number): void {
    this.byte(QUOTE);
    this.write(bytes, start, end);
    this.byte(QUOTE);
  }

  /** All of it. Each piece has its memory to itself. */
  end(): readonly Buffer[] {
    this.#full.push(this.#piece.subarray(0, this.#at));
    return this.#full;
  }

  #copy(bytes: Buffer, from: number, to: number): void {
    if (to - from > SHORT) {
      this.#at += bytes.copy(this.#piece, this.#at, from, to);
      return;
    }
    for (let at = from; at < to; at++) this.#piece[this.#at++] = bytes[at] ?? 0;
  }

  #next(): void {
    this.#written += this.#at;
    if (this.#written > MAX_CSV_JSON)
      throw badBody(`CSV that is more than ${MAX_CSV_JSON} bytes of JSON; send less at a time`);
    this.#full.push(this.#piece);
    this.#piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    this.#at = 0;
  }
}
