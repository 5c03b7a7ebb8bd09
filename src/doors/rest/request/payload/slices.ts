/** Work on a large body, done in slices so that other requests get their turn between them. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { BODY_SLICE } from "../limits.ts";

export interface Sliced<T> {
  /** Works on up to this position of the body (or a little further); true when all is done. */
  advance(position: number): boolean;
  /** What was found, once all is done. */
  result(): T;
}

/** Small bodies are done at once, without a promise. */
export function runSliced<T>(work: Sliced<T>, length: number): T | Promise<T> {
  return work.advance(Math.min(length, BODY_SLICE)) ? work.result() : runOn(work, length);
}

async function runOn<T>(work: Sliced<T>, length: number): Promise<T> {
  for (let position = BODY_SLICE * 2; ; position += BODY_SLICE) {
    await nextTurn();
    if (work.advance(Math.min(position, length))) return work.result();
  }
}
