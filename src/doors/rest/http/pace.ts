/** How slow a client may be with something large, which stays in memory until all of it has come or gone. */
interface Pace {
  readonly graceMs: number;
  readonly bytesPerMs: number;
}

/** An answer of a gigabyte is gone after five hours; half a megabit a second is less than any line of today. */
const USUAL: Pace = { graceMs: 60_000, bytesPerMs: 64 };
/** The same while others wait for the memory: who is slower than this keeps them from being served at all. */
const PRESSED: Pace = { graceMs: 5000, bytesPerMs: 1000 };

/** @param pressed others wait for the memory that it takes */
export function isSlow(tookMs: number, bytes: number, pressed: boolean): boolean {
  const { graceMs, bytesPerMs } = pressed ? PRESSED : USUAL;
  return tookMs >= graceMs + bytes / bytesPerMs;
}
