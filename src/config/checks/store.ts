import type { Findings } from "../prepare.ts";
import { isLoopback } from "./loopback.ts";
import type { Parts } from "./parts.ts";

/** What the schema cannot see of the store. */
export function checkStore({ store, personalTokens, webhooks }: Parts, findings: Findings): void {
  if (store === undefined && personalTokens !== undefined)
    findings.fault(["personalTokens"], "needs a store that keeps the tokens; add store, or remove it");
  if (store === undefined && webhooks.length > 0)
    findings.fault(["webhooks"], "tell of access requests, which need a store; add store, or remove them");
  webhooks.forEach(({ url }, index) => {
    const { protocol, hostname } = new URL(url);
    if (protocol === "http:" && !isLoopback(hostname))
      findings.warn(["webhooks", index, "url"], "sends who asks for what in the clear; use https");
  });
  if (store === undefined || store.embedded !== undefined) return;
  const { hosts, tls } = store;
  const verifies = tls.mode === "verify-ca" || tls.mode === "verify-full";
  if (tls.caFile !== undefined && !verifies)
    findings.fault(
      ["store", "tls", "caFile"],
      `tls.mode ${tls.mode} verifies nothing, so the file would be ignored; use verify-ca or verify-full`,
    );
  const remote = hosts.find(({ host }) => !isLoopback(host));
  if (!verifies && remote !== undefined)
    findings.warn(
      ["store", "tls", "mode"],
      `${tls.mode} does not verify who answers at ${remote.host}; use verify-full, with caFile if the CA is your own`,
    );
}
