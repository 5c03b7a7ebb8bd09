import { offsetOutOfBounds } from "../refusals.ts";

export interface RangeAnswer {
  readonly status: 200 | 206;
  /** The value of `Content-Range` (RFC 9110 §14.4), in rows. */
  readonly contentRange: string;
}

/**
 * Which rows an answer has.
 * @param rows how many are in it
 * @param total how many there are, where it was counted
 * @throws RestError PGRST103 when the range begins behind the last row
 */
export function rangeAnswer(offset: number, rows: number, total: number | null): RangeAnswer {
  if (total !== null && offset > total) throw offsetOutOfBounds(String(offset), String(total));
  const status = total !== null && rows < total ? 206 : 200;
  return { status, contentRange: contentRange(offset, rows, total) };
}

/** `0-24/*`, `*∕0` where there is no row. */
export function contentRange(offset: number, rows: number, total: number | null): string {
  const range = rows === 0 ? "*" : `${offset}-${offset + rows - 1}`;
  return `${range}/${total ?? "*"}`;
}
