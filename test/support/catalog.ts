import pg from "pg";
import { loadCatalog } from "../../src/doors/rest/catalog/load.ts";
import type { CatalogScope, CatalogSource } from "../../src/doors/rest/catalog/source.ts";
import type { Catalog } from "../../src/doors/rest/catalog/types.ts";

/** Reads a catalog over a connection of its own, as the REST door's pool would. */
export async function withSource<T>(
  { port, user, database }: { readonly port: number; readonly user: string; readonly database: string },
  work: (source: CatalogSource) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ host: "127.0.0.1", port, user, database });
  await client.connect();
  try {
    return await work({
      query: async (text, values) => {
        const types = { getTypeParser: () => (value: string) => value };
        const result = await client.query<(string | null)[]>({
          text,
          values: [...values],
          types,
          rowMode: "array",
        });
        return result.rows;
      },
    });
  } finally {
    await client.end();
  }
}

/** The catalog of schema `api`, unless told otherwise. */
export function readCatalog(
  from: { readonly port: number; readonly user: string; readonly database: string },
  scope: Partial<CatalogScope> = {},
): Promise<Catalog> {
  return withSource(from, (source) =>
    loadCatalog(source, {
      schemas: ["api"],
      extraSearchPath: ["public"],
      hoistedSettings: ["statement_timeout", "default_transaction_isolation"],
      ...scope,
    }),
  );
}
