import { totalmem } from "node:os";

/**
 * Of the memory, this part may be held as bodies of requests and as much again as answers. On its way each takes up to
 * three times what is counted (chunks that are being put together, what is encrypted and not sent yet): three quarters
 * in all.
 */
const PART = 1 / 8;
/** A body of the largest size that is taken by default fits in any case. */
const LEAST_PART_BYTES = 64 * 1024 * 1024;

/** How many bytes of large bodies may be held at the same time, unless the configuration says so. */
export function partOfMemory(): number {
  // What a control group leaves of the machine; more than there is, or 0, where it sets no bound.
  const bound = process.constrainedMemory();
  const memory = bound > 0 ? Math.min(bound, totalmem()) : totalmem();
  return Math.max(LEAST_PART_BYTES, Math.floor(memory * PART));
}

/** Below this, the collector of garbage does as well. */
const WORTH_BYTES = 4096;

/**
 * Gives the memory of a large piece back at once. The runtimes' collectors are slow to notice memory outside of their
 * heap: bytes that were copied and forgotten can be several times those that are in use. The piece must be in nobody's
 * hands any more, and no socket may still have to send it. One that shares its memory with others stays as it is.
 */
export function release(bytes: Buffer): void {
  const memory = bytes.buffer;
  if (bytes.length < WORTH_BYTES || bytes.length !== memory.byteLength) return;
  if (memory instanceof ArrayBuffer) memory.transfer(0);
}

/** The same with all of the memory that a piece lies in, and so with whatever else lies there. */
export function releaseAround({ buffer: memory }: Buffer): void {
  if (memory.byteLength >= WORTH_BYTES && memory instanceof ArrayBuffer) memory.transfer(0);
}

/**
 * Does the same for chunks that came in one behind the other and share their memory: Node cuts four records of TLS from
 * one piece. That is given back when all of it, to the last byte, is known to be in nobody's hands.
 */
export class Reclaimer {
  #memory: ArrayBufferLike | undefined;
  /** How much of it, from its beginning, nobody needs any more. */
  #length = 0;

  /** @param chunk nobody needs it any more; called in the order in which chunks came */
  add({ buffer: memory, byteOffset, length }: Buffer): void {
    if (byteOffset === 0) this.#begin(memory);
    if (memory !== this.#memory || byteOffset !== this.#length) {
      this.#begin(undefined); // somebody else has a part of it
      return;
    }
    this.#length += length;
    if (this.#length < memory.byteLength) return;
    this.#begin(undefined);
    if (memory.byteLength >= WORTH_BYTES && memory instanceof ArrayBuffer) memory.transfer(0);
  }

  #begin(memory: ArrayBufferLike | undefined): void {
    this.#memory = memory;
    this.#length = 0;
  }
}
