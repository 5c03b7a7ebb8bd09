/** Durations and sizes as people write them. */

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A hundred years: whatever is longer is a slip of the hand, and arithmetic with it would lose milliseconds. */
const MAX_DURATION_MS = 36_525 * UNIT_MS.d;

/** A duration as people write it → milliseconds; undefined when it is none. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (match === null) return undefined;
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  return ms <= MAX_DURATION_MS ? ms : undefined;
}

const UNIT_BYTES = { B: 1, kB: 1024, MB: 1024 ** 2 } as const;

/** A size as people write it → bytes (PostgreSQL's units: 1 kB = 1024 B); undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,9})(B|kB|MB)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * UNIT_BYTES[match[2] as keyof typeof UNIT_BYTES];
}
