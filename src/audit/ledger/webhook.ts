import { hash } from "node:crypto";
import type { SealedRecord } from "./record.ts";

/** Posts a message with an id. Resolves with the status of the answer; rejects when there is none, with the reason. */
type Post = (id: string, body: string) => Promise<number>;

/** Records in one request: a receiver that is behind catches up in a few, and none of them is large. */
export const WEBHOOK_BATCH = 100;

/**
 * Posts records as a JSON array. The same records are the same message; those that come again among others are told by
 * their chain and number.
 */
export function webhookSend(post: Post) {
  return async (records: readonly SealedRecord[]): Promise<void> => {
    const body = `[${records.map(({ line }) => line).join(",")}]`;
    const status = await post(`rec_${hash("sha256", body).slice(0, ID_DIGITS)}`, body);
    if (status < 200 || status > 299) throw new Error(`the receiver answered ${status}`);
  };
}

/** 128 bits: no two messages share an id by chance. */
const ID_DIGITS = 32;
