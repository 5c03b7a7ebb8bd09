/** A value in PostgreSQL's text format: text, or the bytes of it in UTF-8. */
export type TextValue = string | Buffer | null;

export type TextRow = readonly TextValue[];

/** Where the catalog is read from: the pool, as the role that logs in. */
export interface CatalogSource {
  /** Runs one statement, with its parameters as text, read-only, and gives the rows with each value in text format. */
  query(sql: string, parameters: readonly (string | null)[]): Promise<readonly TextRow[]>;
}

/** Which part of the database is shown, and how: settings of the door. */
export interface CatalogScope {
  /** `db-schemas`. */
  readonly schemas: readonly string[];
  /** `db-extra-search-path`. */
  readonly extraSearchPath: readonly string[];
  /** `db-hoisted-tx-settings`: the SET clauses of a function that hold for its whole transaction. */
  readonly hoistedSettings: readonly string[];
}
