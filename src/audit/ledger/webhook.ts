import { createHmac } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Secret } from "../../base/secret.ts";
import type { SealedRecord } from "./record.ts";

export interface WebhookSettings {
  readonly url: string;
  readonly secret: Secret;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Records in one request: a receiver that is behind catches up in a few, and none of them is large. */
export const WEBHOOK_BATCH = 100;

/**
 * Posts records to an HTTP endpoint as a JSON array. The receiver knows Postern by the signature, and tells records that
 * come twice by their chain and number.
 */
export function webhookSend({ url, secret, timeout }: WebhookSettings, clock: Clock) {
  return async (records: readonly SealedRecord[]): Promise<void> => {
    const body = `[${records.map(({ line }) => line).join(",")}]`;
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "postern",
        "postern-signature": signatureOf(body, secret, clock.now()),
      },
      body,
      redirect: "error", // who did what goes where the configuration says, and nowhere else
      signal: AbortSignal.timeout(timeout),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the receiver answered ${response.status}`);
  };
}

/** The time is signed too, so that a request that was overheard cannot be sent again much later. */
function signatureOf(body: string, secret: Secret, now: number): string {
  const seconds = Math.floor(now / 1000);
  const mac = createHmac("sha256", secret.reveal()).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${mac}`;
}
