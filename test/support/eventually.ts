import { setTimeout as pause } from "node:timers/promises";

/** Far more than what is waited for takes on the slowest machine: one that hangs should fail and say where. */
export const PATIENCE_MS = 120_000;
/**
 * What tests call soon: far more than what happens at once takes on the slowest machine, far less than the minutes after
 * which it would have ended by itself. How soon exactly is what tests with a clock turned by hand measure.
 */
export const SOON_MS = 30_000;
/** Between two looks at something that tells nobody when it changes: another process's sockets, the server's backends. */
const LOOK_MS = 15;

/**
 * Does what has to be done within some seconds, with twice as many each time that the machine was too slow for it.
 * @param attempt has a second less than it is told, because what ends is often written in whole seconds
 */
export async function withinSeconds<T>(first: number, attempt: (seconds: number) => Promise<T>): Promise<T> {
  for (let seconds = first; ; seconds *= 2) {
    const late = Date.now() + seconds * 1000 - 1000;
    const inTime = () => Date.now() < late;
    try {
      const done = await attempt(seconds);
      if (inTime()) return done;
    } catch (error) {
      if (inTime()) throw error;
    }
  }
}

/** Resolves with the first truthy thing that `look` finds; fails, saying what was waited for, when that never comes. */
export async function eventually<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${PATIENCE_MS} ms in vain: ${what}`);
    await pause(LOOK_MS);
  }
}
