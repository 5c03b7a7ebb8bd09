/** How the total of `Prefer: count` is found ("Pagination and Count" in PostgREST's documentation). */
import type { Count } from "../request/types.ts";
import type { MainRow, ReadPlan } from "./types.ts";

/** Where `totalCount` of the main row comes from. */
export type TotalCount =
  | { readonly kind: "none" }
  /** There is no range, so it is the number of rows in the body. */
  | { readonly kind: "page" }
  | { readonly kind: "exact" }
  /** Counted up to a number: above that an estimate is good enough. */
  | { readonly kind: "up-to"; readonly rows: number };

export interface CountPlan {
  readonly total: TotalCount;
  /** Whether the planner is asked how many rows it expects. */
  readonly expects: boolean;
}

/** @param maxRows `db-max-rows`, up to which an estimated count is exact */
export function planCount(count: Count | undefined, plan: ReadPlan, maxRows: number | null): CountPlan {
  const isWhole = plan.limit === null && plan.offset === 0;
  switch (count) {
    case undefined:
      return { total: { kind: "none" }, expects: false };
    case "exact":
      return { total: isWhole ? { kind: "page" } : { kind: "exact" }, expects: false };
    case "planned":
      return { total: { kind: "none" }, expects: true };
    case "estimated":
      return {
        total: isWhole ? { kind: "page" } : { kind: "up-to", rows: (maxRows ?? 0) + 1 },
        expects: true,
      };
    default:
      return count satisfies never;
  }
}

/** @param expected what the planner said, where it was asked */
export function totalOf(
  count: Count | undefined,
  row: Pick<MainRow, "totalCount" | "pageTotal">,
  expected: number | null,
  { offset, maxRows }: { readonly offset: number; readonly maxRows: number | null },
): number | null {
  switch (count) {
    case undefined:
    case "exact":
      return row.totalCount;
    case "planned":
      return expected;
    case "estimated": {
      const counted = row.totalCount ?? 0;
      if (counted <= (maxRows ?? 0)) return counted;
      const seen = row.pageTotal === 0 ? counted : offset + row.pageTotal; // there are at least those
      return Math.max(counted, seen, expected ?? 0);
    }
    default:
      return count satisfies never;
  }
}
