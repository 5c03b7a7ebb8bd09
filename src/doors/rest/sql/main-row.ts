/** What comes back of a main statement. */
import type { MainRow } from "../plan/types.ts";

/** Columns, in the order in which `read.ts` and the writes select them. All but the body are text. */
const TOTAL = 0;
const PAGE = 1;
const BODY = 2;
const HEADERS = 3;
const STATUS = 4;
const LOCATION = 5;
const INSERTED = 6;

const NOTHING = Buffer.alloc(0);

export function mainRow(columns: readonly (Buffer | null)[]): MainRow {
  return {
    totalCount: numberOf(columns[TOTAL]),
    pageTotal: numberOf(columns[PAGE]) ?? 0,
    body: columns[BODY] ?? NOTHING,
    responseHeaders: textOf(columns[HEADERS]),
    responseStatus: textOf(columns[STATUS]),
    location: textOf(columns[LOCATION]),
    inserted: numberOf(columns[INSERTED]),
  };
}

function textOf(value: Buffer | null | undefined): string | null {
  return value?.toString("utf8") ?? null;
}

function numberOf(value: Buffer | null | undefined): number | null {
  return value == null ? null : Number(value.toString("latin1"));
}

/** The rows that the planner expects, from the answer to `EXPLAIN (FORMAT JSON)`; null when it isn't to be found. */
export function expectedRows(explained: Buffer): number | null {
  const plans: unknown = JSON.parse(explained.toString("utf8"));
  const [first]: unknown[] = Array.isArray(plans) ? plans : [];
  const rows = member(member(first, "Plan"), "Plan Rows");
  return typeof rows === "number" ? rows : null;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
