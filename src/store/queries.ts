/** A value of a statement. Values never become part of its text. */
export type Value = string | number | boolean | Buffer | readonly string[] | null;

/** A row as it came; the file that asked for it says what is in it. */
export type Row = Readonly<Record<string, unknown>>;

/** Something that runs statements: the store, or one transaction of it. */
export interface Queries {
  /**
   * Runs one statement and returns its rows. Names of tables are looked for in Postern's schema.
   * @throws StoreError
   */
  query(text: string, values?: readonly Value[]): Promise<readonly Row[]>;
}

/** One transaction. */
export interface Transaction extends Queries {
  /** Runs several statements of our own, which have no values. */
  script(text: string): Promise<unknown>;
}
