/**
 * The type of a cast that a client asks for. It is the one name that need not be in the catalog: the server says
 * whether there is such a type. It is written as a quoted name, so that it can be nothing else.
 */
import type { Sql } from "./fragment.ts";
import { identifier, sql } from "./fragment.ts";

/**
 * Types that only the grammar knows (the SQL names in the chapter "Data Types"), or that mean something else as a
 * quoted name ("char" is not char). All others are names of pg_type.
 */
const GRAMMAR: ReadonlyMap<string, Sql> = new Map([
  ["int", sql`int4`],
  ["integer", sql`int4`],
  ["smallint", sql`int2`],
  ["bigint", sql`int8`],
  ["real", sql`float4`],
  ["float", sql`float8`],
  ["double precision", sql`float8`],
  ["dec", sql`numeric`],
  ["decimal", sql`numeric`],
  ["boolean", sql`bool`],
  ["char", sql`char`],
  ["character", sql`char`],
  ["nchar", sql`char`],
  ["character varying", sql`varchar`],
  ["char varying", sql`varchar`],
  ["bit", sql`bit`],
  ["bit varying", sql`varbit`],
  ["time with time zone", sql`timetz`],
  ["time without time zone", sql`time`],
  ["timestamp with time zone", sql`timestamptz`],
  ["timestamp without time zone", sql`timestamp`],
]);

/** A name without quotes is folded to lower case, as in SQL. */
export function castType(written: string): Sql {
  const folded = written.toLowerCase();
  return GRAMMAR.get(folded) ?? identifier(folded);
}
