import { z } from "zod";
import type { OutboxQueue, Unrecorded } from "../audit/ledger/outbox.ts";
import type { Notice } from "../base/notice.ts";
import type { Queries, Row } from "./queries.ts";

/** Writes notices in the transaction of the change that they tell of. */
export type WriteNotices = (tx: Queries, notices: readonly Notice[]) => Promise<void>;

/** Whoever took changes up to record them and was not done within this time is gone, or its ledger hangs. */
const CLAIM = "60 seconds";
/** Taken up at once; what is left comes with the next look. */
const PAGE = 500;

const rowSchema = z.object({ id: z.string(), place: z.number(), time: z.number(), event: z.string() });

/** The changes that are not recorded yet. */
export class StoredOutbox implements OutboxQueue {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  async claim(chain: string, busy: readonly string[]): Promise<readonly Unrecorded[]> {
    const rows = await this.#queries.query(
      `UPDATE outbox o SET chain = $1, claimed_at = clock_timestamp()
       FROM (SELECT id FROM outbox
         WHERE id <> ALL ($2) AND (chain IS NULL OR chain = $1 OR claimed_at < clock_timestamp() - interval '${CLAIM}')
         ORDER BY place LIMIT ${PAGE} FOR UPDATE SKIP LOCKED) due
       WHERE o.id = due.id RETURNING o.id, o.place, o.time, o.event`,
      [chain, busy],
    );
    return rows
      .map((row) => rowSchema.parse(row))
      .sort((a, b) => a.place - b.place)
      .map(({ id, time, event }) => ({ id, time, event }));
  }

  async release(chain: string, ids: readonly string[]): Promise<void> {
    await this.#queries.query("UPDATE outbox SET chain = NULL WHERE id = ANY ($1) AND chain = $2", [
      ids,
      chain,
    ]);
  }

  async remove(ids: readonly string[]): Promise<void> {
    await removeNotices(this.#queries, ids);
  }
}

/** Returns the rows that were there. */
export function removeNotices(queries: Queries, ids: readonly string[]): Promise<readonly Row[]> {
  return queries.query("DELETE FROM outbox WHERE id = ANY ($1) RETURNING id", [ids]);
}

/** Enters notices for the process of a chain to record. */
export async function writeNotices(tx: Queries, notices: readonly Notice[], chain: string): Promise<void> {
  if (notices.length === 0) return;
  await tx.query(
    `INSERT INTO outbox (id, time, event, chain)
     SELECT id, time::bigint, event, $4 FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY
       AS sent (id, time, event, at) ORDER BY at`,
    [
      notices.map(({ id }) => id),
      notices.map(({ time }) => String(time)),
      notices.map(({ event }) => JSON.stringify(event)),
      chain,
    ],
  );
}
