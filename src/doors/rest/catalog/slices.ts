import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * How long work on a catalog may hold the event loop before requests have their turn: well under the 50 ms that a
 * reload may cost a request, since one row of a very wide table comes on top.
 */
const SLICE_MS = 8;

/** Long work in slices: call `due()` in every round of a loop, and `await rest()` when it says so. */
export class Slices {
  #since = performance.now();

  due(): boolean {
    return performance.now() - this.#since >= SLICE_MS;
  }

  async rest(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}
