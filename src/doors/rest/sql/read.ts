/**
 * The main statement over a plan's rows: one row with the body and what the answer needs beside it. A write with
 * `return=representation` and a call of a function are the same statement over rows that they hand in.
 */
import type { TotalCount } from "../plan/count.ts";
import type { Representation } from "../plan/representation.ts";
import type { ReadPlan } from "../plan/types.ts";
import type { PlanOption } from "../request/types.ts";
import { bodySql, isBinary } from "./body.ts";
import type { ParameterValue, Sql } from "./fragment.ts";
import { EMPTY, identifier, join, parameter, render, sql } from "./fragment.ts";
import { countedSql, rootSql } from "./level.ts";

export interface ReadStatement {
  readonly plan: ReadPlan;
  readonly representation: Representation;
  readonly count: TotalCount;
  /** The FROM item of a plan whose rows are given: a function call, or the name of something in `with`. */
  readonly given?: Sql;
  /** `WITH …`, in front of it all. */
  readonly with?: Sql;
  /** More columns of the main row: `, … AS location, … AS inserted`. */
  readonly more?: Sql;
}

export interface StatementText {
  readonly text: string;
  readonly parameters: readonly ParameterValue[];
  /** Results in binary format: the body is bytes. All other columns are text and look the same in both. */
  readonly binary: boolean;
  /** Indexes of the parameters that are bytes and no text. */
  readonly binaryParameters?: readonly number[];
}

const ROWS = identifier("_rows");

/** The main statement; its row is a `MainRow`. */
export function readStatement(parts: ReadStatement): StatementText {
  return { ...render(mainSql(parts)), binary: isBinary(parts.representation) };
}

/** The main statement as a fragment. */
export function mainSql({
  plan,
  representation,
  count,
  given,
  with: before = EMPTY,
  more = EMPTY,
}: ReadStatement): Sql {
  return sql`${before}SELECT ${totalSql(count, plan, given ?? null)} AS total_count, pg_catalog.count(*)::text AS page_total, ${bodySql(representation, ROWS)} AS body, ${SETTINGS}${more} FROM (${rootSql(plan, given ?? null)}) AS ${ROWS}`;
}

/** What functions of the database said of the answer; evaluated when all rows have been read. */
export const SETTINGS = sql`NULLIF(pg_catalog.current_setting('response.headers', true), '') AS response_headers, NULLIF(pg_catalog.current_setting('response.status', true), '') AS response_status`;

function totalSql(count: TotalCount, plan: ReadPlan, given: Sql | null): Sql {
  switch (count.kind) {
    case "none":
      return sql`NULL::text`;
    case "page":
      return sql`pg_catalog.count(*)::text`;
    case "exact":
      return sql`(SELECT pg_catalog.count(*)::text FROM (${countedSql(plan, given)}) AS ${ROWS})`;
    case "up-to": {
      const enough = parameter(String(count.rows));
      return sql`(SELECT pg_catalog.count(*)::text FROM (${countedSql(plan, given)} LIMIT ${enough}) AS ${ROWS})`;
    }
    default:
      return count satisfies never;
  }
}

/** How many rows the planner expects; its one row is read by `expectedRows`. */
export function expectedRowsStatement(plan: ReadPlan, given: Sql | null = null): StatementText {
  return { ...render(sql`EXPLAIN (FORMAT JSON) ${countedSql(plan, given)}`), binary: false };
}

const OPTIONS: Readonly<Record<PlanOption, Sql>> = {
  analyze: sql`ANALYZE`,
  verbose: sql`VERBOSE`,
  settings: sql`SETTINGS`,
  buffers: sql`BUFFERS`,
  wal: sql`WAL`,
};

/** The execution plan of a statement ("EXPLAIN"): in JSON one row, in text a row for each line. */
export function explainStatement(
  statement: Sql,
  format: "json" | "text",
  options: readonly PlanOption[],
): StatementText {
  const all = [
    format === "json" ? sql`FORMAT JSON` : sql`FORMAT TEXT`,
    ...options.map((each) => OPTIONS[each]),
  ];
  return { ...render(sql`EXPLAIN (${join(all, sql`, `)}) ${statement}`), binary: false };
}
