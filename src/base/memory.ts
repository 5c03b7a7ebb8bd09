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
