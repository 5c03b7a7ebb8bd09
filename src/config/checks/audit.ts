import type { Findings } from "../prepare.ts";
import type { AuditConfig } from "../schema.ts";
import { isLoopback } from "./loopback.ts";
import type { Parts } from "./parts.ts";

/** As long as what is guessed in vain, as for `admin.token`. */
const MIN_SECRET_LENGTH = 16;

/** What the schema cannot see of the ledger. */
export function checkAudit({ audit, clusters, store }: Parts, findings: Findings): void {
  if (audit === "faulty") return;
  const kept = audit !== undefined && audit.sink.kind !== "none";
  for (const { index, config } of clusters)
    if (config.audit === "required" && !kept)
      findings.fault(
        ["clusters", index, "audit"],
        "required needs a place where records are kept; set audit.sink",
      );
  if (audit === undefined) return;
  if (kept && audit.signingKey === undefined)
    findings.warn(
      ["audit", "signingKey"],
      "is missing, so nothing proves how far the ledger went; name a file where the key is to be made",
    );
  if (audit.sink.kind === "store" && store === undefined)
    findings.fault(["audit", "sink", "kind"], "store needs a store; set store.url");
  checkForwards(audit, findings);
}

function checkForwards({ forwards }: AuditConfig, findings: Findings): void {
  forwards.forEach((forward, index) => {
    if (forward.kind !== "webhook") return;
    const path = ["audit", "forwards", index];
    if (forward.secret.reveal().length < MIN_SECRET_LENGTH)
      findings.fault(
        [...path, "secret"],
        `is shorter than ${MIN_SECRET_LENGTH} characters; make one with: openssl rand -hex 32`,
      );
    const { protocol, hostname, username, password } = new URL(forward.url);
    if (username !== "" || password !== "")
      findings.fault([...path, "url"], "holds a login; the receiver knows Postern by the signature");
    if (protocol === "http:" && !isLoopback(hostname))
      findings.warn([...path, "url"], "sends who did what in clear text; use https");
  });
}
