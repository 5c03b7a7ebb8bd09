import type { Clock } from "../base/clock.ts";

/** How late an end may be noticed after the machine slept, or its clock was put forward. */
const LOOK_MS = 5000;

interface Deadline {
  readonly at: number;
  readonly run: () => void;
  readonly callOff: () => void;
}

/**
 * Times by the clock on the wall. A timer alone counts the time that the machine runs: it stands still while the machine
 * sleeps, and a token must not live on for that long. So each has its timer, which no clock that is put back prolongs,
 * and all are looked at every few seconds, for clocks that went ahead.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #set = new Set<Deadline>();
  #callOffLook: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `fn` once, at `at` (milliseconds since the epoch) or right after. Returns a function that calls it off.
   */
  set(at: number, fn: () => void): () => void {
    const callOff = () => {
      deadline.callOff();
      if (this.#set.delete(deadline) && this.#set.size === 0) this.#rest();
    };
    const run = () => {
      callOff();
      fn();
    };
    const deadline = { at, run, callOff: this.#clock.after(at - this.#clock.now(), run) };
    this.#set.add(deadline);
    this.#look();
    return callOff;
  }

  #look(): void {
    this.#callOffLook ??= this.#clock.after(LOOK_MS, () => {
      this.#rest();
      const now = this.#clock.now();
      for (const { at, run } of [...this.#set]) if (now >= at) run();
      if (this.#set.size > 0) this.#look();
    });
  }

  #rest(): void {
    this.#callOffLook?.();
    this.#callOffLook = undefined;
  }
}
