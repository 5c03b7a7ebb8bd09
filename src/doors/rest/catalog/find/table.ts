import type { Catalog, QualifiedName, Table } from "../types.ts";
import { mostSimilar } from "./similarity.ts";

/** PostgREST suggests a table only when three of four letters agree. */
const LEAST_SIMILARITY = 0.75;

/** An exposed relation, as a client names it in a schema. */
export function findTable(catalog: Catalog, name: QualifiedName): Table | undefined {
  const table = tableOf(catalog, name);
  return table?.exposed === true ? table : undefined;
}

/** A relation that the catalog knows, exposed or not: what a routine returns. */
export function tableOf(catalog: Catalog, { schema, name }: QualifiedName): Table | undefined {
  return catalog.tables.get(schema)?.get(name);
}

/** The exposed relation of the same schema that was most likely meant, for the hint of PGRST205. */
export function suggestTable(catalog: Catalog, { schema, name }: QualifiedName): string | undefined {
  const tables = catalog.tables.get(schema)?.values() ?? [];
  return mostSimilar(name, exposedNames(tables), LEAST_SIMILARITY);
}

function* exposedNames(tables: Iterable<Table>): Generator<string> {
  for (const table of tables) if (table.exposed) yield table.name;
}
