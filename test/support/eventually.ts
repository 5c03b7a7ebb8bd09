import { setTimeout as pause } from "node:timers/promises";

const PATIENCE_MS = 20_000;
/** Between two looks at something that tells nobody when it changes: another process's sockets, the server's backends. */
const LOOK_MS = 15;

/** Resolves with the first truthy thing that `look` finds; fails, saying what was waited for, after `patience` ms. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  patience = PATIENCE_MS,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${patience} ms in vain: ${what}`);
    await pause(LOOK_MS);
  }
}
