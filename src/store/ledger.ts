import { z } from "zod";
import type { SealedRecord } from "../audit/ledger/record.ts";
import type { LedgerRange, LedgerTable } from "../audit/ledger/table.ts";
import { StoreError } from "./errors.ts";
import { removeNotices } from "./outbox.ts";
import type { Queries } from "./queries.ts";
import type { Store } from "./store.ts";
import { BEHIND_LOCKS } from "./transaction.ts";

const rowSchema = z.object({ node: z.string(), seq: z.coerce.number(), record: z.string() });

/** Rows that are read at once: a few MB at most. */
const PAGE = 1000;

/** The ledger's table. */
export class StoredLedger implements LedgerTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async insert(records: readonly SealedRecord[]): Promise<void> {
    const notices = records.flatMap(({ notice }) => notice ?? []);
    if (notices.length === 0) return insertRecords(this.#store, records);
    await this.#store.transaction(async (tx) => {
      const moved = await removeNotices(tx, notices);
      if (moved.length < notices.length)
        throw new StoreError("store/refused", "another node has recorded some of these changes");
      await insertRecords(tx, records);
    }, BEHIND_LOCKS);
  }

  async last(name: string): Promise<string | undefined> {
    const [row] = await this.#store.query(
      "SELECT node, seq, record FROM ledger WHERE name = $1 ORDER BY time DESC, seq DESC LIMIT 1",
      [name],
    );
    if (row === undefined) return undefined;
    // The clock may have gone back; the end of that chain is by its numbers.
    const { node } = rowSchema.parse(row);
    const [end] = await this.#store.query(
      "SELECT node, seq, record FROM ledger WHERE node = $1 ORDER BY seq DESC LIMIT 1",
      [node],
    );
    return rowSchema.parse(end).record;
  }

  async *read({ node, from, to }: LedgerRange): AsyncIterable<string> {
    let [afterNode, afterSeq] = ["", 0];
    const iso = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
    for (;;) {
      const rows = await this.#store.query(
        `SELECT node, seq, record FROM ledger
         WHERE (node, seq) > ($1::text COLLATE "C", $2::bigint) AND ($3::text IS NULL OR node = $3)
           AND ($4::timestamptz IS NULL OR time >= $4) AND ($5::timestamptz IS NULL OR time < $5)
         ORDER BY node, seq LIMIT ${PAGE}`,
        [afterNode, String(afterSeq), node ?? null, iso(from), iso(to)],
      );
      for (const row of rows) {
        const { record, ...place } = rowSchema.parse(row);
        [afterNode, afterSeq] = [place.node, place.seq];
        yield record;
      }
      if (rows.length < PAGE) return;
    }
  }
}

async function insertRecords(queries: Queries, records: readonly SealedRecord[]): Promise<void> {
  const column = (value: (record: SealedRecord) => string) => records.map(value);
  await queries.query(
    `INSERT INTO ledger (node, seq, time, prev, hash, record)
       SELECT node, seq::bigint, time::timestamptz, decode(prev, 'hex'), decode(hash, 'hex'), record
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         AS sent (node, seq, time, prev, hash, record)`,
    [
      column(({ node }) => node),
      column(({ seq }) => String(seq)),
      column(({ time }) => new Date(time).toISOString()),
      column(({ prev }) => prev),
      column(({ hash }) => hash),
      column(({ line }) => line),
    ],
  );
}

/**
 * Claims a node's chains for the connection, for as long as it lasts (PostgreSQL docs, "Advisory Locks"). The server also
 * looks after a client that vanished, so that its claim does not outlive it for hours: with its machine, within half a
 * minute.
 * @returns false when another connection has them
 */
export async function claimChains(connection: Queries, schema: string, name: string): Promise<boolean> {
  const [row] = await connection.query(
    `SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS claimed,
       set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '4', false)`,
    [`postern ledger ${schema}/${name}`],
  );
  return row?.["claimed"] === true;
}
