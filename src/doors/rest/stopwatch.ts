import { performance } from "node:perf_hooks";
import type { Step, Timings } from "./respond/finish.ts";

/** How long the steps of one request take, for Server-Timing. */
export class Stopwatch {
  readonly #timings: Partial<Record<Step, number>> = {};
  #since = performance.now();

  get timings(): Timings {
    return this.#timings;
  }

  /** Ends a step; the next one begins. */
  lap(step: Step): void {
    const now = performance.now();
    this.#timings[step] = now - this.#since;
    this.#since = now;
  }
}
