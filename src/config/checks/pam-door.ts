import type { Findings } from "../prepare.ts";
import type { Parts } from "./parts.ts";
import { unknown } from "./parts.ts";

/** What the schema cannot see of the PAM door. */
export function checkPamDoor({ pamDoor, clusterNames }: Parts, findings: Findings): void {
  if (pamDoor === undefined) return;
  const { cluster } = pamDoor;
  if (cluster !== undefined && !clusterNames.includes(cluster))
    findings.fault(["doors", "pam", "cluster"], unknown("cluster", cluster, clusterNames));
  if (cluster === undefined && clusterNames.length > 1)
    findings.fault(
      ["doors", "pam", "cluster"],
      "is missing, and there are several clusters; name the one that PAM is set up for",
    );
}
