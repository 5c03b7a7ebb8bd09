import { Slices } from "./slices.ts";
import type { Catalog, ComputedField, Table } from "./types.ts";
import { ANY_MEDIA_TYPE } from "./types.ts";

/**
 * A catalog as JSON, for people who look for a mistake: under the five names that PostgREST's has, and in a form that
 * may change. It is made in slices, since that of a large database takes seconds.
 */
export async function dumpCatalog(catalog: Catalog): Promise<string> {
  const slices = new Slices();
  const parts: string[] = [];
  for (const [name, entries] of Object.entries(listsOf(catalog))) {
    const texts: string[] = [];
    for (const entry of entries) {
      texts.push(JSON.stringify(entry));
      if (slices.due()) await slices.rest();
    }
    parts.push(`${JSON.stringify(name)}: [\n${texts.join(",\n")}\n]`);
  }
  return `{\n${parts.join(",\n")}\n}`;
}

function listsOf(catalog: Catalog): Readonly<Record<string, Iterable<unknown>>> {
  return {
    dbMediaHandlers: catalog.mediaHandlers.map(({ mediaType, ...handler }) => ({
      mediaType: mediaType === ANY_MEDIA_TYPE ? "*/*" : mediaType,
      ...handler,
    })),
    dbRelationships: inner(catalog.relationships),
    dbRepresentations: representationsOf(catalog),
    dbRoutines: inner(catalog.routines),
    dbTables: tablesOf(catalog),
  };
}

/** The entries of lists in maps in a map. */
function* inner<T>(outer: ReadonlyMap<string, ReadonlyMap<string, readonly T[]>>): Iterable<T> {
  for (const map of outer.values()) for (const list of map.values()) yield* list;
}

function* tablesOf({ tables }: Catalog): Iterable<unknown> {
  for (const schema of tables.values()) for (const table of schema.values()) yield plainTable(table);
}

function plainTable({ columns, computedFields, ...table }: Table) {
  const computed: readonly ComputedField[] = [...computedFields.values()];
  return { ...table, columns: [...columns.values()], computedFields: computed };
}

function* representationsOf({ representations }: Catalog): Iterable<unknown> {
  for (const [direction, functions] of Object.entries(representations))
    for (const [domain, { schema, name }] of functions as ReadonlyMap<
      string,
      { schema: string; name: string }
    >)
      yield { domain, direction, function: { schema, name } };
}
