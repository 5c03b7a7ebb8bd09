/** Work on a large body, done in slices so that other requests get their turn between them. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { BODY_SLICE } from "../limits.ts";

export interface Sliced<T> {
  /** Works on up to this position of the body (or a little further); true when all is done. */
  advance(position: number): boolean;
  /** Bytes that were made of the body so far, and are kept. */
  readonly made: number;
  /** What was found, once all is done. */
  result(): T;
}

/** Makes room for so many bytes in all; undefined when there is some at once. */
export type MakeRoom = (bytes: number) => Promise<void> | undefined;

/** Small bodies are done at once, without a promise. */
export function runSliced<T>(work: Sliced<T>, length: number, makeRoom: MakeRoom): T | Promise<T> {
  const done = work.advance(Math.min(length, BODY_SLICE));
  const room = makeRoom(work.made);
  return done && room === undefined ? work.result() : runOn(work, length, makeRoom, { done, room });
}

interface Begun {
  readonly done: boolean;
  readonly room: Promise<void> | undefined;
}

async function runOn<T>(work: Sliced<T>, length: number, makeRoom: MakeRoom, begun: Begun): Promise<T> {
  await begun.room;
  let { done } = begun;
  for (let position = BODY_SLICE * 2; !done; position += BODY_SLICE) {
    await nextTurn();
    done = work.advance(Math.min(position, length));
    await makeRoom(work.made);
  }
  return work.result();
}
