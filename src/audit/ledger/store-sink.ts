import { AuditError } from "./errors.ts";
import { asTail } from "./file-end.ts";
import type { SealedRecord, Tail } from "./record.ts";
import { isFault, readRecord } from "./record.ts";
import type { Found, Sink } from "./sink.ts";
import type { LedgerTable } from "./table.ts";

interface StoreSinkParts {
  /** The name of this node. */
  readonly node: string;
  readonly table: LedgerTable;
  /** Sees to it that the table is there. */
  readonly prepare: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The chain in the store: a batch is one INSERT, which is there in whole or not at all. */
export class StoreSink implements Sink {
  readonly name = "store";
  readonly #parts: StoreSinkParts;

  constructor(parts: StoreSinkParts) {
    this.#parts = parts;
  }

  async open(): Promise<Found> {
    await this.#parts.prepare();
    return { tail: await this.#last(), cut: undefined };
  }

  write(records: readonly SealedRecord[]): Promise<void> {
    return this.#parts.table.insert(records);
  }

  /** The answer to an INSERT may have been lost after it was done. */
  async recover(confirmed: Tail): Promise<Tail> {
    const last = await this.#last();
    if (last === undefined && confirmed.seq === 0) return confirmed;
    if (last?.node === confirmed.node && last.seq >= confirmed.seq) return last;
    if (confirmed.seq === 0) return confirmed; // the first of a new chain did not get there
    throw new AuditError(
      "audit/damaged",
      `the store ends this node's ledger at ${last?.node ?? "nothing"} #${last?.seq ?? 0} instead of ${confirmed.node} #${confirmed.seq}: give each node a name of its own (audit.node)`,
    );
  }

  /** None: a record and the end of its notice are one transaction, so what still waits is not here. */
  async recorded(): Promise<ReadonlySet<string>> {
    return new Set();
  }

  close(): Promise<void> {
    return this.#parts.close();
  }

  async #last(): Promise<Tail | undefined> {
    const line = await this.#parts.table.last(this.#parts.node);
    if (line === undefined) return undefined;
    const read = readRecord(line);
    if (isFault(read))
      throw new AuditError(
        "audit/damaged",
        `the last record in the store ${read.fault}; see "postern audit verify"`,
      );
    return asTail(read);
  }
}
