import type { Findings } from "../prepare.ts";
import type { Parts } from "./parts.ts";
import { unknown } from "./parts.ts";

/** What the schema cannot see of the PAM door. */
export function checkPamDoor({ pamDoor, door, restDoor, clusterNames }: Parts, findings: Findings): void {
  if (pamDoor === undefined) return;
  const { cluster } = pamDoor;
  if (cluster !== undefined && !clusterNames.includes(cluster))
    findings.fault(["doors", "pam", "cluster"], unknown("cluster", cluster, clusterNames));
  if (cluster === undefined && clusterNames.length > 1)
    findings.fault(
      ["doors", "pam", "cluster"],
      "is missing, and there are several clusters; name the one that PAM is set up for",
    );
  // Its two questions about one login, auth and account, must reach the same process.
  if (Math.max(door?.workers ?? 1, restDoor?.workers ?? 1) > 1)
    findings.fault(["doors", "pam"], "needs a process alone; set workers of the other doors to 1");
}
