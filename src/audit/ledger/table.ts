import type { SealedRecord } from "./record.ts";

/** Which records to read. */
export interface LedgerRange {
  /** One chain; all by default. */
  readonly node?: string;
  /** Milliseconds since the epoch: from then on. */
  readonly from?: number;
  /** Milliseconds since the epoch: before then. */
  readonly to?: number;
}

/**
 * The ledger's table, as the store keeps it: node, seq (together the key), time, prev, hash, and the record's line as
 * text, because jsonb would not give back the same bytes. Rows are never changed or deleted.
 */
export interface LedgerTable {
  /** Inserts all of the records or none, and resolves when they are durable. Rejects when one is there already. */
  insert(records: readonly SealedRecord[]): Promise<void>;
  /** The line of the last record of a node: of its chains (`<name>/…`) the one that was written to last. */
  last(name: string): Promise<string | undefined>;
  /** Lines chain by chain, each in the order of its numbers. */
  read(range: LedgerRange): AsyncIterable<string>;
}
