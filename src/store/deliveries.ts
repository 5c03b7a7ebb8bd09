import { z } from "zod";
import type { Notice } from "../base/notice.ts";
import type { Delivery, DeliveryBounds, DeliveryQueue, Undelivered } from "../grants/deliveries.ts";
import type { Queries } from "./queries.ts";

/** A receiver, as messages are written for it. */
export interface Receiver {
  readonly hook: string;
  /** The origin of its URL. */
  readonly origin: string;
  readonly events: readonly string[];
}

const deliverySchema = z
  .object({
    message: z.string(),
    type: z.string(),
    body: z.string(),
    attempts: z.number(),
    age: z.number(),
  })
  .transform(({ message: id, ...rest }): Delivery => ({ id, ...rest }));

const undeliveredSchema = z
  .object({ message: z.string(), receiver: z.string(), type: z.string(), attempts: z.number() })
  .transform(({ message: id, ...rest }): Undelivered => ({ id, ...rest }));

const MS = "interval '1 millisecond'";

/** The messages that are not delivered yet. */
export class StoredDeliveries implements DeliveryQueue {
  readonly #queries: Queries;

  constructor(queries: Queries) {
    this.#queries = queries;
  }

  /** Of two that look at once, the second passes over what the first has locked ("The Locking Clause" in "SELECT"). */
  async take(hook: string, lease: number): Promise<Delivery | undefined> {
    const [row] = await this.#queries.query(
      `UPDATE deliveries d SET attempts = d.attempts + 1, due_at = clock_timestamp() + $2 * ${MS}
       FROM (SELECT message FROM deliveries first
         WHERE hook = $1 AND due_at <= clock_timestamp() AND NOT EXISTS
           (SELECT FROM deliveries before WHERE before.hook = $1 AND before.about = first.about AND before.place < first.place)
         ORDER BY place LIMIT 1 FOR UPDATE SKIP LOCKED) due
       WHERE d.hook = $1 AND d.message = due.message
       RETURNING d.message, d.type, d.body, d.attempts,
         (extract(epoch FROM clock_timestamp() - d.made_at) * 1000)::bigint AS age`,
      [hook, lease],
    );
    return row && deliverySchema.parse(row);
  }

  async retry(hook: string, id: string, after: number): Promise<void> {
    await this.#queries.query(
      `UPDATE deliveries SET due_at = clock_timestamp() + $3 * ${MS} WHERE hook = $1 AND message = $2`,
      [hook, id, after],
    );
  }

  async remove(hook: string, id: string): Promise<boolean> {
    const rows = await this.#queries.query(
      "DELETE FROM deliveries WHERE hook = $1 AND message = $2 RETURNING message",
      [hook, id],
    );
    return rows.length > 0;
  }

  async expire({ age, waiting }: DeliveryBounds): Promise<readonly Undelivered[]> {
    const rows = await this.#queries.query(
      `DELETE FROM deliveries d WHERE made_at < clock_timestamp() - $1 * ${MS} OR place <=
         (SELECT place FROM deliveries newer WHERE newer.hook = d.hook ORDER BY place DESC OFFSET $2 LIMIT 1)
       RETURNING message, receiver, type, attempts`,
      [age, waiting],
    );
    return rows.map((row) => undeliveredSchema.parse(row));
  }
}

/** Writes a message for each receiver that wants one of its kind. */
export async function writeDeliveries(
  tx: Queries,
  notices: readonly Notice[],
  receivers: readonly Receiver[],
): Promise<void> {
  const rows = notices.flatMap(({ id, event: { event: type }, message }) =>
    message === undefined
      ? []
      : receivers
          .filter(({ events }) => events.includes(type))
          .map(({ hook, origin }) => [hook, origin, id, message.about, type, message.body]),
  );
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO deliveries (hook, receiver, message, about, type, body)
     SELECT hook, receiver, message, about, type, body
     FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
       AS sent (hook, receiver, message, about, type, body, at) ORDER BY at`,
    [0, 1, 2, 3, 4, 5].map((column) => rows.map((row) => row[column] ?? "")),
  );
}
