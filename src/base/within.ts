import type { Clock } from "./clock.ts";

/**
 * What `work` comes to, or what `late` says when that takes longer than `ms` milliseconds. The work itself goes on then, and
 * nobody hears how it ended.
 * @throws what the work rejects with in time, or what `late` throws
 */
export async function within<T, L>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
  late: () => L,
): Promise<T | L> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const callOff = clock.after(ms, resolve);
  try {
    return await Promise.race([work, over.then(late)]);
  } finally {
    callOff();
  }
}
