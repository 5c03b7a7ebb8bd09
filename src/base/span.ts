/** How long something is, as people say it. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `45s`, `28m`, `3h20m`, `2d4h`: as exact as is of use at that length. @param ms milliseconds */
export function spanText(ms: number): string {
  if (ms < 2 * MINUTE) return `${Math.round(ms / 1000)}s`;
  if (ms < HOUR) return `${Math.round(ms / MINUTE)}m`;
  if (ms < 2 * DAY) return two(Math.round(ms / MINUTE), 60, "h", "m");
  return two(Math.round(ms / HOUR), 24, "d", "h");
}

function two(count: number, size: number, large: string, small: string): string {
  const rest = count % size;
  return `${Math.floor(count / size)}${large}${rest === 0 ? "" : `${rest}${small}`}`;
}
