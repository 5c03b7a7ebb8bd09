/** Time, handed in everywhere so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Runs `fn` once after `ms` milliseconds (any non-negative number). Returns a function that calls it off. */
  after(ms: number, fn: () => void): () => void;
}

/** setTimeout fires at once for delays that do not fit 31 bits, so longer ones are taken in stages. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The real clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout;
    const arm = (left: number) => {
      const stage = Math.min(left, MAX_TIMER_MS);
      timer = setTimeout(() => (left > stage ? arm(left - stage) : fn()), stage);
      timer.unref();
    };
    arm(Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};
