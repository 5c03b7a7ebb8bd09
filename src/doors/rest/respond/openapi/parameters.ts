/** `parameters`: what requests may carry, defined once and referred to by the paths. */
import type { Column, Table } from "../../catalog/types.ts";

const RETURN = ["return=representation", "return=minimal", "return=none"];
const RESOLUTION = ["resolution=ignore-duplicates", "resolution=merge-duplicates"];
const PAGING = "Limiting and Pagination";

const inQuery = (name: string, description: string) =>
  ({ name, description, required: false, in: "query", type: "string" }) as const;
const inHeader = (name: string, description: string) =>
  ({ name, description, required: false, in: "header", type: "string" }) as const;
const prefer = (...values: readonly string[]) => ({
  ...inHeader("Prefer", "Preference"),
  ...(values.length === 0 ? {} : { enum: values }),
});

const SHARED = {
  preferParams: prefer(),
  preferReturn: prefer(...RETURN),
  preferCount: prefer("count=none"),
  preferPost: prefer(...RETURN, ...RESOLUTION),
  select: inQuery("select", "Filtering Columns"),
  on_conflict: inQuery("on_conflict", "On Conflict"),
  order: inQuery("order", "Ordering"),
  range: inHeader("Range", PAGING),
  rangeUnit: { ...inHeader("Range-Unit", PAGING), default: "items" },
  offset: inQuery("offset", PAGING),
  limit: inQuery("limit", PAGING),
};

export function* parameterDefinitions(
  tables: readonly Table[],
): Iterable<readonly [name: string, value: object]> {
  yield* Object.entries(SHARED);
  for (const table of tables) yield* ofTable(table);
}

function ofTable({ name, columns }: Table): [string, object][] {
  const body = {
    name,
    description: name,
    required: false,
    in: "body",
    schema: { $ref: `#/definitions/${name}` },
  };
  return [
    [`body.${name}`, body],
    ...[...columns.values()].map((column): [string, object] => [rowFilter(name, column), filter(column)]),
  ];
}

/** The name of the parameter that filters by a column. */
export function rowFilter(table: string, { name }: Column): string {
  return `rowFilter.${table}.${name}`;
}

function filter({ name, description }: Column): object {
  return {
    name,
    ...(description === null ? {} : { description }),
    required: false,
    in: "query",
    type: "string",
  };
}
