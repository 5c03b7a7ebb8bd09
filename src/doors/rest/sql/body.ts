/** How rows become a body ("Resource Representation" and "Media Type Handlers" in PostgREST's documentation). */
import type { QualifiedName } from "../catalog/types.ts";
import type { Representation } from "../plan/representation.ts";
import type { Sql } from "./fragment.ts";
import { identifier, parameter, qualified, sql } from "./fragment.ts";

/**
 * The aggregate that makes the body of the rows of a subquery. It is text, or bytes when `isBinary` says so.
 *
 * @param rows the subquery's name
 */
export function bodySql(representation: Representation, rows: Sql): Sql {
  switch (representation.kind) {
    case "none":
      return sql`NULL::text`;
    case "array":
      return arraySql(rows, representation.stripped);
    case "object": // where there are more rows than one it isn't used
      return sql`COALESCE(pg_catalog.string_agg(${objectSql(rows, representation.stripped)}::text, ','), 'null')`;
    case "value":
      return valueSql(representation, rows);
    case "raw": {
      const first = sql`(pg_catalog.array_agg(${rows}.${identifier(representation.column)}))[1]`;
      return rawSql(first, representation.binary);
    }
    case "csv":
      return csvSql(representation.header, rows);
    case "geojson": // found by search_path: PostGIS may be in any schema
      return sql`pg_catalog.json_build_object('type', 'FeatureCollection', 'features', COALESCE(pg_catalog.json_agg(ST_AsGeoJSON(${rows}.*)::json), '[]'))::text`;
    case "handler": {
      const { schema, name } = representation.function;
      const body = sql`${qualified(schema, name)}(${rowSql(rows, representation.row)})`;
      return rawSql(body, representation.binary);
    }
    default:
      return representation satisfies never;
  }
}

/** What the type's output function writes, as concat has it: of XML that isn't what a cast to text gives. */
function rawSql(body: Sql, binary: boolean): Sql {
  return binary ? sql`${body}::bytea` : sql`pg_catalog.concat(${body})`;
}

/** Whether the body has to come in binary format. */
export function isBinary(representation: Representation): boolean {
  const { kind } = representation;
  return (kind === "handler" || kind === "raw") && representation.binary;
}

/** JSON of values instead of rows. One value that is NULL is `null`. */
function valueSql({ column, many, stripped }: Extract<Representation, { kind: "value" }>, rows: Sql): Sql {
  const json = sql`pg_catalog.to_json(${rows}.${identifier(column)})`;
  const value = stripped ? sql`pg_catalog.json_strip_nulls(${json})` : json;
  return many
    ? sql`COALESCE(pg_catalog.json_agg(${value}), '[]')::text`
    : sql`COALESCE((pg_catalog.json_agg(${value}) -> 0)::text, 'null')`;
}

function arraySql(rows: Sql, stripped: boolean): Sql {
  return stripped
    ? sql`COALESCE(pg_catalog.json_agg(${objectSql(rows, true)}), '[]')::text`
    : sql`COALESCE(pg_catalog.json_agg(${rows}.*), '[]')::text`;
}

function objectSql(rows: Sql, stripped: boolean): Sql {
  const object = sql`pg_catalog.row_to_json(${rows}.*)`;
  return stripped ? sql`pg_catalog.json_strip_nulls(${object})` : object;
}

/** The rows of a subquery are of no named type; their columns are those of the type, in order. */
function rowSql(rows: Sql, type: QualifiedName | null): Sql {
  return type === null ? sql`${rows}.*` : sql`ROW(${rows}.*)::${qualified(type.schema, type.name)}`;
}

/** Lines are rows as PostgreSQL writes them ("Composite Types", the input and output syntax), without parentheses. */
function csvSql(header: readonly string[] | null, rows: Sql): Sql {
  const names =
    header === null
      ? sql`COALESCE((SELECT pg_catalog.string_agg(k, ',') FROM pg_catalog.json_object_keys((pg_catalog.array_agg(pg_catalog.row_to_json(${rows}.*)))[1]) AS k), '')`
      : sql`${parameter(header.map(csvName).join(","))}::text`;
  const line = sql`pg_catalog.substr(CAST(${rows}.* AS text), 2, pg_catalog.length(CAST(${rows}.* AS text)) - 2)`;
  return sql`${names} || E'\\n' || COALESCE(pg_catalog.string_agg(${line}, E'\\n'), '')`;
}

/** RFC 4180 §2. */
function csvName(name: string): string {
  return /[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
