/**
 * The one way in which Postern posts something of its own accord: bounded, and signed as "Standard Webhooks" has it, so
 * that libraries of that name verify it. A receiver that follows our documentation needs ten lines.
 */
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import type { Secret } from "../base/secret.ts";
import { boundedPost } from "./bounded-request.ts";

/** Where messages go. */
export interface Receiver {
  readonly url: string;
  readonly secret: Secret;
  /** Milliseconds. */
  readonly timeout: number;
  /** Trusted instead of the system's CAs. */
  readonly caFile?: string | undefined;
  readonly refusePrivateNetworks?: boolean;
}

/** "Standard Webhooks": a secret written like this is base64. */
const ENCODED = "whsec_";

/**
 * Posts signed messages; `signal` calls all of them off. What it returns resolves with the status of the answer, and
 * rejects when there is none, with the reason.
 */
export function webhookPost(clock: Clock, signal: AbortSignal) {
  return async (
    { url, secret, timeout, caFile, refusePrivateNetworks = false }: Receiver,
    id: string,
    body: string,
  ): Promise<number> => {
    const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
    const headers = { "user-agent": "postern", ...signedHeaders(secret, id, body, clock.now()) };
    const options = { clock, ca, headers, refusePrivateNetworks, signal, timeoutMs: timeout };
    return (await boundedPost(new URL(url), body, options)).status;
  };
}

/** The time is signed too, so that a message that was overheard cannot be sent again much later. */
export function signedHeaders(secret: Secret, id: string, body: string, now: number) {
  const timestamp = String(Math.floor(now / 1000));
  const mac = createHmac("sha256", keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${mac}` };
}

function keyOf(secret: Secret): Buffer {
  const text = secret.reveal();
  return text.startsWith(ENCODED) ? Buffer.from(text.slice(ENCODED.length), "base64") : Buffer.from(text);
}
