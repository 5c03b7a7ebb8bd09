/** A value as PostgreSQL writes it in text. */
export type TextRow = readonly (string | null)[];

/** Where the catalog is read from: one connection of the pool, as the authenticator, inside one snapshot. */
export interface CatalogSource {
  /** Runs one query, with its parameters as text, and gives the rows with each value as text. */
  query(sql: string, parameters: readonly (string | null)[]): Promise<readonly TextRow[]>;
}
