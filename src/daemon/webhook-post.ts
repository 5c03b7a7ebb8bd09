import { readFile } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import type { Post } from "../grants/webhooks.ts";
import { boundedPost } from "../identity/bounded-request.ts";

/** Sends messages of webhooks, with every bound that other requests of ours have; `signal` calls all of them off. */
export function webhookPost(clock: Clock, signal: AbortSignal): Post {
  return async ({ url, timeout, caFile, refusePrivateNetworks }, body, headers) => {
    const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
    const options = { clock, ca, headers, refusePrivateNetworks, signal, timeoutMs: timeout };
    return (await boundedPost(new URL(url), body, options)).status;
  };
}
