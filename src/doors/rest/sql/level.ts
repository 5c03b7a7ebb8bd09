/**
 * One level of a read's tree as a SELECT, and what is embedded in it. The shapes are chosen for the planner:
 *
 *   to one       LEFT JOIN LATERAL (SELECT … WHERE key = parent.key): pulled up, so a plain join to the planner
 *   to many      a scalar subquery in the select list: evaluated after ORDER BY and LIMIT, for rows shown only
 *   inner, null  EXISTS (…): a semi or anti join
 *   spread       to many, or grouped by: a lateral join, as several columns or GROUP BY need it; of a page, sql/page.ts
 */
import type { ColumnPairs } from "../catalog/types.ts";
import type { EmbedPlan, JoinCondition, OrderBy, Output, ReadPlan, RowSource, Value } from "../plan/types.ts";
import type { AggregateFunction } from "../request/types.ts";
import { conditionSql } from "./condition.ts";
import { callSql, castSql, fieldSql, pathSql } from "./field.ts";
import type { Sql } from "./fragment.ts";
import { AND, COMMA, EMPTY, identifier, join, parameter, qualified, sql } from "./fragment.ts";
import { pageOf } from "./page.ts";

/** Where this level is. */
interface Place {
  /** The FROM item of a root whose rows are given. */
  readonly given: Sql | null;
  readonly join: JoinCondition;
  /** What it outputs is grouped by, so JSON has to be jsonb, which can be compared. */
  readonly comparable: boolean;
}

const NO_JOIN: JoinCondition = { kind: "none" };
const BODY = "_body"; // the one column of a subquery that is a whole embed
const INNER = identifier("_rows"); // rows that are being aggregated

/** The rows of the root. */
export function rootSql(plan: ReadPlan, given: Sql | null): Sql {
  return levelSql(plan, { given, join: NO_JOIN, comparable: false });
}

/** The same without order and range, and without what is only shown: to be counted. */
export function countedSql(plan: ReadPlan, given: Sql | null): Sql {
  const place = { given, join: NO_JOIN, comparable: false };
  if (plan.grouped) return levelSql({ ...plan, order: [], limit: null, offset: 0 }, place);
  return sql`SELECT FROM ${rowsSql(plan, place)}${whereSql(plan, place, (embed) => embed.inner)}`;
}

function levelSql(
  plan: ReadPlan,
  place: Place,
  arrange: (columns: readonly Sql[]) => readonly Sql[] = asTheyAre,
): Sql {
  const comparable = place.comparable || plan.grouped;
  const page = comparable || arrange !== asTheyAre ? undefined : pageOf(plan);
  if (page !== undefined)
    return sql`SELECT ${join(page.columns, COMMA)} FROM (${levelSql(page.plan, place)}) AS ${page.alias}`;
  const written = plan.outputs.map((output) => outputSql(plan, output, comparable));
  const joined = plan.embeds.filter((embed) => isJoined(embed, comparable));
  const joins = joined.map((embed) => joinedSql(embed, comparable));
  const where = whereSql(plan, place, (embed) => embed.inner && !(joined.includes(embed) && embed.toOne));
  const columns = arrange(written.map(({ column }) => column));
  return sql`SELECT ${join(columns, COMMA)} FROM ${rowsSql(plan, place)}${join(joins, EMPTY)}${where}${groupSql(plan, written)}${orderSql(plan.order)}${rangeSql(plan)}`;
}

const asTheyAre = (columns: readonly Sql[]) => columns;

interface WrittenOutput {
  readonly column: Sql;
  /** What to group by; null for an aggregate. */
  readonly key: Sql | null;
}

function outputSql(plan: ReadPlan, output: Output, comparable: boolean): WrittenOutput {
  switch (output.kind) {
    case "all":
      return { column: sql`${identifier(plan.alias)}.*`, key: null };
    case "count":
      return { column: named(castSql(sql`pg_catalog.count(*)`, output.cast), output.name), key: null };
    case "value": {
      const value = castSql(valueSql(output.value, comparable), output.cast);
      if (output.aggregate === null) return { column: named(value, output.name), key: value };
      const call = sql`${AGGREGATES[output.aggregate.function]}(${value})`;
      return { column: named(castSql(call, output.aggregate.cast), output.name), key: null };
    }
    default:
      return output satisfies never;
  }
}

const AGGREGATES: Readonly<Record<AggregateFunction, Sql>> = {
  avg: sql`pg_catalog.avg`,
  count: sql`pg_catalog.count`,
  max: sql`pg_catalog.max`,
  min: sql`pg_catalog.min`,
  sum: sql`pg_catalog.sum`,
};

function named(value: Sql, name: string): Sql {
  return sql`${value} AS ${identifier(name)}`;
}

function valueSql(value: Value, comparable: boolean): Sql {
  switch (value.kind) {
    case "field":
      return callSql(value.formatter, fieldSql(value.field));
    case "export":
      return qualified(value.alias, value.column);
    case "embed":
      return embedSql(value.embed, comparable);
    default:
      return value satisfies never;
  }
}

// --- Embeds -------------------------------------------------------------------------------------------------------

/** Whether it stands in FROM. */
function isJoined(embed: EmbedPlan, comparable: boolean): boolean {
  switch (embed.shape) {
    case "object":
    case "columns":
    case "arrays":
      return true;
    case "array":
      return comparable;
    case "packed":
      return false;
    case "hidden":
      return embed.helpers.length > 0;
    default:
      return embed.shape satisfies never;
  }
}

/** The embed as one JSON value. */
function embedSql(embed: EmbedPlan, comparable: boolean): Sql {
  const whole = sql`${identifier(embed.alias)}.*`;
  if (embed.shape === "packed" || (embed.shape === "array" && !comparable))
    return sql`(${aggregatedSql(embed, comparable)})`;
  if (embed.shape === "array" || embed.helpers.length > 0) return qualified(embed.alias, BODY);
  return comparable ? sql`pg_catalog.to_jsonb(${whole})` : sql`pg_catalog.row_to_json(${whole})`;
}

function joinedSql(embed: EmbedPlan, comparable: boolean): Sql {
  const kind = embed.inner && embed.toOne ? sql` JOIN` : sql` LEFT JOIN`;
  return sql`${kind} LATERAL (${subquerySql(embed, comparable)}) AS ${identifier(embed.alias)} ON TRUE`;
}

function subquerySql(embed: EmbedPlan, comparable: boolean): Sql {
  switch (embed.shape) {
    case "array":
    case "arrays":
    case "packed":
      return aggregatedSql(embed, comparable);
    case "columns":
    case "hidden": {
      const outputs = [...embed.plan.outputs, ...embed.helpers];
      return levelSql({ ...embed.plan, outputs }, { given: null, join: embed.join, comparable });
    }
    case "object":
      if (embed.helpers.length > 0) return withHelpersSql(embed, comparable);
      return levelSql(embed.plan, { given: null, join: embed.join, comparable: false });
    default:
      return embed.shape satisfies never;
  }
}

/** An object beside other columns: the object's own columns are gathered first. */
function withHelpersSql({ plan, helpers, join: condition }: EmbedPlan, comparable: boolean): Sql {
  const toJson = comparable ? sql`pg_catalog.to_jsonb` : sql`pg_catalog.row_to_json`;
  const others = helpers.map((helper) => outputSql(plan, helper, false).column);
  return levelSql(plan, { given: null, join: condition, comparable: false }, (own) => {
    const body = sql`(SELECT ${toJson}(${INNER}.*) FROM (SELECT ${join(own, COMMA)}) AS ${INNER})`;
    return [named(body, BODY), ...others];
  });
}

/** The rows of a to-many embed as one row: an array of objects, or an array for each column. */
function aggregatedSql(embed: EmbedPlan, comparable: boolean): Sql {
  const rows = levelSql(embed.plan, { given: null, join: embed.join, comparable: false });
  const aggregate = comparable ? sql`pg_catalog.jsonb_agg` : sql`pg_catalog.json_agg`;
  const array = (of: Sql) => sql`COALESCE(${aggregate}(${of}), '[]')`;
  return sql`SELECT ${arraysSql(embed, array)} FROM (${rows}) AS ${INNER}`;
}

function arraysSql({ shape, plan }: EmbedPlan, array: (of: Sql) => Sql): Sql {
  if (shape === "array") return named(array(sql`${INNER}.*`), BODY);
  const arrays = namesOf(plan).map((name) => ({ name, value: array(sql`${INNER}.${identifier(name)}`) }));
  if (shape === "packed")
    return sql`ARRAY[${join(
      arrays.map(({ value }) => value),
      COMMA,
    )}]`;
  return join(
    arrays.map(({ name, value }) => named(value, name)),
    COMMA,
  );
}

/** Every output of a spread has a name: `*` was written out. */
function namesOf(plan: ReadPlan): string[] {
  return plan.outputs.flatMap((output) => (output.kind === "all" ? [] : [output.name]));
}

/** Limits count here only where they leave no row at all: any other would only keep the planner from a semi join. */
function existsSql(embed: EmbedPlan): Sql {
  const { plan, join: condition } = embed;
  const place = { given: null, join: condition, comparable: false };
  const where = whereSql(plan, place, (each) => each.inner);
  const range = plan.offset > 0 || plan.limit === 0 ? rangeSql(plan) : EMPTY;
  return sql`EXISTS (SELECT FROM ${rowsSql(plan, place)}${where}${range})`;
}

// --- Clauses ------------------------------------------------------------------------------------------------------

function rowsSql(plan: ReadPlan, { given, join: condition }: Place): Sql {
  const rows = sql`${sourceSql(plan.rows, given)} AS ${identifier(plan.alias)}`;
  if (condition.kind !== "junction") return rows;
  const { junction, junctionAlias, targetPairs } = condition;
  const on = pairsSql(plan.alias, junctionAlias, targetPairs);
  return sql`${rows} JOIN ${qualified(junction.schema, junction.name)} AS ${identifier(junctionAlias)} ON ${on}`;
}

function sourceSql(rows: RowSource, given: Sql | null): Sql {
  switch (rows.kind) {
    case "relation":
      return qualified(rows.relation.schema, rows.relation.name);
    case "given":
      if (given === null) throw new TypeError("a plan over given rows without the rows");
      return given;
    case "computed":
      return callSql(rows.function, parentRowSql(rows));
    default:
      return rows satisfies never;
  }
}

function parentRowSql({ origin, parentAlias, rowOf }: Extract<RowSource, { kind: "computed" }>): Sql {
  if (rowOf === null) return sql`${identifier(parentAlias)}.*`;
  const columns = rowOf.map((column) => qualified(parentAlias, column));
  return sql`ROW(${join(columns, COMMA)})::${qualified(origin.schema, origin.name)}`;
}

function whereSql(plan: ReadPlan, place: Place, hasToExist: (embed: EmbedPlan) => boolean): Sql {
  const conditions = [
    ...joinConditions(plan, place.join),
    ...plan.where.map((condition) => conditionSql(condition, existsSql)),
    ...plan.embeds.filter(hasToExist).map(existsSql),
  ];
  return conditions.length === 0 ? EMPTY : sql` WHERE ${join(conditions, AND)}`;
}

function joinConditions(plan: ReadPlan, condition: JoinCondition): Sql[] {
  switch (condition.kind) {
    case "columns":
      return [pairsSql(condition.parentAlias, plan.alias, condition.pairs)];
    case "junction":
      return [pairsSql(condition.parentAlias, condition.junctionAlias, condition.parentPairs)];
    case "none":
      return [];
    default:
      return condition satisfies never;
  }
}

function pairsSql(left: string, right: string, pairs: ColumnPairs): Sql {
  return join(
    pairs.map(([of, to]) => sql`${qualified(left, of)} = ${qualified(right, to)}`),
    AND,
  );
}

function groupSql(plan: ReadPlan, written: readonly WrittenOutput[]): Sql {
  if (!plan.grouped) return EMPTY;
  const keys = written.flatMap(({ key }) => (key === null ? [] : [key]));
  for (const { value } of plan.order) if (isShown(plan, value)) keys.push(valueSql(value, false));
  return keys.length === 0 ? EMPTY : sql` GROUP BY ${join(keys, COMMA)}`;
}

/** Whether it is part of an object that is shown, and so grouped by: the server doesn't see that it depends on it. */
function isShown({ embeds }: ReadPlan, value: Value): boolean {
  if (value.kind !== "export") return false;
  const embed = embeds.find(({ alias }) => alias === value.alias);
  return embed?.shape === "object" && !embed.helpers.some((helper) => isNamed(helper, value.column));
}

function isNamed(output: Output, name: string): boolean {
  return output.kind !== "all" && output.name === name;
}

const DIRECTIONS = { asc: sql` ASC`, desc: sql` DESC` } as const;
const NULLS = { first: sql` NULLS FIRST`, last: sql` NULLS LAST` } as const;

function orderSql(order: readonly OrderBy[]): Sql {
  if (order.length === 0) return EMPTY;
  const terms = order.map(({ value, path, direction, nulls }) => {
    const by = pathSql(valueSql(value, false), path);
    return sql`${by}${direction === undefined ? EMPTY : DIRECTIONS[direction]}${nulls === undefined ? EMPTY : NULLS[nulls]}`;
  });
  return sql` ORDER BY ${join(terms, COMMA)}`;
}

function rangeSql({ limit, offset }: ReadPlan): Sql {
  const limited = limit === null ? EMPTY : sql` LIMIT ${parameter(String(limit))}`;
  return offset === 0 ? limited : sql`${limited} OFFSET ${parameter(String(offset))}`;
}
