/**
 * A JSON body as rows ("JSON Functions and Operators", json_to_recordset). The whole body is one parameter, and
 * PostgreSQL reads its values by the columns' own types.
 */
import type { PayloadColumn, PayloadRows } from "../plan/payload.ts";
import type { Sql } from "./fragment.ts";
import { COMMA, EMPTY, identifier, join, parameter, qualified, serverText, sql } from "./fragment.ts";

export interface PayloadSource {
  readonly rows: PayloadRows;
  readonly columns: readonly PayloadColumn[];
  /** How the rows are called. */
  readonly alias: string;
  /** The first object alone. */
  readonly first: boolean;
}

const RECORD = "_record";
const ELEMENT = sql`"_element"."value"`;

/** A FROM item with one row for each object. Without columns it only counts them. */
export function payloadSql(source: PayloadSource): Sql {
  const { rows, columns, alias, first } = source;
  const name = identifier(alias);
  if (columns.length === 0) return sql`pg_catalog.json_array_elements(${arraySql(rows)}) AS ${name}`;
  if (columns.some(({ missing }) => missing !== null)) return sql`(${withDefaultsSql(source)}) AS ${name}`;
  if (!first && columns.every(({ parser }) => parser === null)) return recordsSql(rows, columns, alias);
  if (rows.shape === "object" && columns.every(({ parser }) => parser === null))
    return recordsSql(rows, columns, alias);
  return sql`(SELECT ${valuesSql(columns)} FROM ${recordsSql(rows, columns, RECORD)}${limitSql(first)}) AS ${name}`;
}

/** For each row, a key that is missing is told from one that is null. */
function withDefaultsSql({ rows, columns, first }: PayloadSource): Sql {
  const values = columns.map((column) => {
    const value = valueSql(column);
    if (column.missing === null) return sql`${value} AS ${identifier(column.name)}`;
    const given = sql`${ELEMENT} -> ${parameter(column.name)}::text`;
    return sql`CASE WHEN ${given} IS NULL THEN (${serverText(column.missing)}) ELSE ${value} END AS ${identifier(column.name)}`;
  });
  const record = sql`pg_catalog.json_to_record(${ELEMENT}) AS ${definitionSql(columns, RECORD)}`;
  return sql`SELECT ${join(values, COMMA)} FROM pg_catalog.json_array_elements(${arraySql(rows)}) AS "_element"("value") CROSS JOIN LATERAL ${record}${limitSql(first)}`;
}

function recordsSql(rows: PayloadRows, columns: readonly PayloadColumn[], alias: string): Sql {
  const records =
    rows.shape === "object"
      ? sql`pg_catalog.json_to_record(${bodySql(rows)})`
      : sql`pg_catalog.json_to_recordset(${arraySql(rows)})`;
  return sql`${records} AS ${definitionSql(columns, alias)}`;
}

function definitionSql(columns: readonly PayloadColumn[], alias: string): Sql {
  const definitions = columns.map(({ name, type }) => sql`${identifier(name)} ${serverText(type)}`);
  return sql`${identifier(alias)}(${join(definitions, COMMA)})`;
}

function valuesSql(columns: readonly PayloadColumn[]): Sql {
  const values = columns.map((column) => sql`${valueSql(column)} AS ${identifier(column.name)}`);
  return join(values, COMMA);
}

function valueSql({ name, parser }: PayloadColumn): Sql {
  const value = qualified(RECORD, name);
  return parser === null ? value : sql`${qualified(parser.schema, parser.name)}(${value})`;
}

/** The parameter is of type json, so it is parsed once however often it is named. */
function bodySql({ body }: PayloadRows): Sql {
  return sql`${parameter(body)}::pg_catalog.json`;
}

function arraySql(rows: PayloadRows): Sql {
  const body = bodySql(rows);
  switch (rows.shape) {
    case "array":
      return body;
    case "object":
      return sql`pg_catalog.json_build_array(${body})`;
    case "either":
      return sql`CASE pg_catalog.json_typeof(${body}) WHEN 'array' THEN ${body} ELSE pg_catalog.json_build_array(${body}) END`;
    default:
      return rows.shape satisfies never;
  }
}

function limitSql(first: boolean): Sql {
  return first ? sql` LIMIT 1` : EMPTY;
}
