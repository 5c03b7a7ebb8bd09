/** One step of the schema. Once released it never changes: its checksum is recorded where it was applied. */
export interface Migration {
  readonly version: number;
  /** What it brings, in a few words. */
  readonly name: string;
  /** Statements, run in one transaction with every other pending step; names are looked for in Postern's schema. */
  readonly sql: string;
}
