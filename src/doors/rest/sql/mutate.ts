/**
 * A write as one statement: the write stands in WITH ("Data-Modifying Statements in WITH") and what is read of it after.
 * Without a body to return, only the number of rows is.
 */
import type { TotalCount } from "../plan/count.ts";
import type { ConflictPlan, DeletePlan, InsertPlan, MutatePlan, UpdatePlan } from "../plan/mutation.ts";
import { PAYLOAD } from "../plan/payload.ts";
import type { Representation } from "../plan/representation.ts";
import type { Condition, ReadPlan } from "../plan/types.ts";
import { isBinary } from "./body.ts";
import { conditionSql } from "./condition.ts";
import type { Sql } from "./fragment.ts";
import { AND, COMMA, EMPTY, identifier, join, qualified, render, sql } from "./fragment.ts";
import { payloadSql } from "./payload.ts";
import type { StatementText } from "./read.ts";
import { mainSql, SETTINGS } from "./read.ts";

export interface WriteStatement {
  readonly write: MutatePlan;
  /** Null: nothing of what was written is returned. */
  readonly read: { readonly plan: ReadPlan; readonly representation: Representation } | null;
  readonly count: TotalCount;
}

const WRITTEN = identifier("_written");
const ALL_WRITTEN = sql`(SELECT pg_catalog.count(*) FROM ${WRITTEN})`;

/** The main statement of a write; its row is a `MainRow`. */
export function writeStatement(parts: WriteStatement): StatementText {
  const binary = parts.read !== null && isBinary(parts.read.representation);
  return { ...render(writeSql(parts)), binary };
}

/** The same as a fragment. */
export function writeSql({ write, read, count }: WriteStatement): Sql {
  const before = sql`WITH ${WRITTEN} AS (${mutationSql(write)}) `;
  const more = sql`, ${locationSql(write)} AS location, ${insertedSql(write)} AS inserted`;
  if (read !== null) return mainSql({ ...read, count, given: WRITTEN, with: before, more });
  const total = count.kind === "none" ? sql`NULL::text` : sql`pg_catalog.count(*)::text`;
  return sql`${before}SELECT ${total} AS total_count, pg_catalog.count(*)::text AS page_total, NULL::text AS body, ${SETTINGS}${more} FROM ${WRITTEN}`;
}

function mutationSql(write: MutatePlan): Sql {
  switch (write.kind) {
    case "insert":
      return insertSql(write);
    case "update":
      return updateSql(write);
    case "delete":
      return deleteSql(write);
    default:
      return write satisfies never;
  }
}

// --- INSERT -----------------------------------------------------------------------------------------------------

function insertSql(write: InsertPlan): Sql {
  const { columns, rows, only } = write;
  const source = payloadSql({ rows, columns, alias: PAYLOAD, first: only !== null });
  const names = columns.map(({ name }) => identifier(name));
  const values = columns.map(({ name }) => qualified(PAYLOAD, name));
  const into = columns.length === 0 ? EMPTY : sql` (${join(names, COMMA)})`;
  const select = columns.length === 0 ? sql`SELECT` : sql`SELECT ${join(values, COMMA)}`;
  return sql`INSERT INTO ${targetSql(write)}${into} ${select} FROM ${source}${whereSql(only ?? [])}${conflictSql(write)}${returningSql(write)}`;
}

function conflictSql({ conflict, columns }: InsertPlan): Sql {
  if (conflict === null || columns.length === 0) return EMPTY;
  const target = join(
    conflict.columns.map((name) => identifier(name)),
    COMMA,
  );
  return sql` ON CONFLICT (${target}) DO ${onConflictSql(conflict, columns)}`;
}

/** The server does not say of a returned row whether it was new, so each update is counted (`insertedSql`). */
function onConflictSql({ resolution }: ConflictPlan, columns: InsertPlan["columns"]): Sql {
  if (resolution === "ignore-duplicates") return sql`NOTHING`;
  const values = columns.map(({ name }) => sql`${identifier(name)} = EXCLUDED.${identifier(name)}`);
  return sql`UPDATE SET ${join(values, COMMA)} WHERE pg_catalog.set_config('postern.updated', (${UPDATED} + 1)::text, true) IS NOT NULL`;
}

/** How many rows this transaction has updated instead of inserting them. */
const UPDATED = sql`COALESCE(NULLIF(pg_catalog.current_setting('postern.updated', true), ''), '0')::int8`;

function insertedSql(write: MutatePlan): Sql {
  if (write.kind !== "insert") return sql`NULL::text`;
  if (write.conflict?.resolution !== "merge-duplicates") return sql`${ALL_WRITTEN}::text`;
  return sql`(${ALL_WRITTEN} - ${UPDATED})::text`;
}

/** The key of the one row that was inserted; of several there is no one place. */
function locationSql(write: MutatePlan): Sql {
  if (write.kind !== "insert" || !write.location) return sql`NULL::text`;
  return sql`(SELECT pg_catalog.json_object_agg(_key.key, _key.value)::text FROM ${WRITTEN} CROSS JOIN LATERAL pg_catalog.json_each_text(pg_catalog.row_to_json(${WRITTEN}.*)) AS _key WHERE ${ALL_WRITTEN} = 1)`;
}

// --- UPDATE and DELETE --------------------------------------------------------------------------------------------

function updateSql(write: UpdatePlan): Sql {
  const { columns, rows, where } = write;
  if (columns.length === 0) return nothingSql(write);
  const source = payloadSql({ rows, columns, alias: PAYLOAD, first: true });
  const values = columns.map(({ name }) => sql`${identifier(name)} = ${qualified(PAYLOAD, name)}`);
  return sql`UPDATE ${targetSql(write)} SET ${join(values, COMMA)} FROM ${source}${whereSql(where)}${returningSql(write)}`;
}

/** An update of no column: no row is touched, as no row was to be changed. */
function nothingSql(write: UpdatePlan): Sql {
  return sql`SELECT ${returnedSql(write)} FROM ${targetSql(write)} WHERE FALSE`;
}

function deleteSql(write: DeletePlan): Sql {
  return sql`DELETE FROM ${targetSql(write)}${whereSql(write.where)}${returningSql(write)}`;
}

// --- What all have in common --------------------------------------------------------------------------------------

function targetSql({ relation, alias }: MutatePlan): Sql {
  return sql`${qualified(relation.schema, relation.name)} AS ${identifier(alias)}`;
}

function whereSql(conditions: readonly Condition[]): Sql {
  if (conditions.length === 0) return EMPTY;
  const written = conditions.map((condition) => conditionSql(condition, noEmbed));
  return sql` WHERE ${join(written, AND)}`;
}

/** The conditions of a write are about the relation alone. */
function noEmbed(): never {
  throw new TypeError("a write has no embeds");
}

function returningSql(write: MutatePlan): Sql {
  return sql` RETURNING ${returnedSql(write)}`;
}

/** Naming no column takes no right to read one. */
function returnedSql({ returning, alias }: MutatePlan): Sql {
  if (returning.kind === "nothing" || returning.names.length === 0) return sql`1`;
  return join(
    returning.names.map((name) => qualified(alias, name)),
    COMMA,
  );
}
