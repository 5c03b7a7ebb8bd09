import type { Findings } from "../prepare.ts";
import type { Parts } from "./parts.ts";

/** What the schema cannot see of the ledger. */
export function checkAudit({ audit, clusters }: Parts, findings: Findings): void {
  const kept = audit !== undefined;
  for (const { index, config } of clusters)
    if (config.audit === "required" && !kept)
      findings.fault(
        ["clusters", index, "audit"],
        "required needs a place where records are kept; set audit.sink",
      );
  if (kept && audit.signingKey === undefined)
    findings.warn(
      ["audit", "signingKey"],
      "is missing, so nothing proves how far the ledger went; name a file where the key is to be made",
    );
}
