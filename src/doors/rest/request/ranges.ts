/** `limit`, `offset` and the `Range` header, as one range of rows. */
import { negativeLimit, reversedRange } from "../refusals.ts";
import type { Range } from "./types.ts";

export const ALL_ROWS: Range = { offset: 0, limit: undefined };

/** `limit=` or `offset=`: a whole number, or nothing that is understood, which asks for nothing. */
export function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^\s*-?\d{1,400}\s*$/.test(text)) return undefined;
  const number = Number(text);
  // More rows than any table can have: exact to the unit it need not be.
  return Math.max(Math.min(number, Number.MAX_SAFE_INTEGER), -1);
}

/** An offset below zero is none; a limit below zero is a mistake. */
export function rangeOf(limit: number | undefined, offset: number | undefined): Range {
  if (limit !== undefined && limit < 0) throw negativeLimit();
  if (limit === undefined && offset === undefined) return ALL_ROWS;
  return { offset: Math.max(offset ?? 0, 0), limit };
}

/** `Range: 0-24` or `10-` (PostgREST, "Limits and Pagination"); any other unit or form is ignored (RFC 9110 §14.2). */
export function parseRangeHeader(header: string | undefined): Range {
  const match = header === undefined ? null : /^(\d{1,15})-(\d{0,15})$/.exec(header);
  if (match === null) return ALL_ROWS;
  const first = Number(match[1]);
  if (match[2] === "") return { offset: first, limit: undefined };
  const last = Number(match[2]);
  if (last < first) throw reversedRange();
  return { offset: first, limit: last - first + 1 };
}

/** The rows that both ask for. They must have some in common, unless none are asked for. */
export function intersect(header: Range, query: Range): Range {
  if (header.offset === 0 && header.limit === undefined) return query;
  if (query.limit === 0) return query;
  const offset = Math.max(header.offset, query.offset);
  const end = Math.min(endOf(header), endOf(query));
  if (end <= offset) throw negativeLimit();
  return { offset, limit: Number.isFinite(end) ? end - offset : undefined };
}

function endOf({ offset, limit }: Range): number {
  return limit === undefined ? Number.POSITIVE_INFINITY : offset + limit;
}
