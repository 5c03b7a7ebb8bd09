import type { Findings } from "../prepare.ts";
import type { PostgresDoorConfig } from "../schema.ts";
import { isLoopback } from "./loopback.ts";
import type { Parts } from "./parts.ts";
import { unknown } from "./parts.ts";

/** What the schema cannot see of the ways in. */
export function checkDoors(parts: Parts, findings: Findings): void {
  const { door, clusterNames } = parts;
  if (door === undefined) return;
  const { defaultCluster } = door;
  if (defaultCluster !== undefined && !clusterNames.includes(defaultCluster))
    findings.fault(["doors", "postgres", "defaultCluster"], unknown("cluster", defaultCluster, clusterNames));
  checkPlainText(door, findings);
  if (door.authentication === "oauthbearer" && door.oauth === undefined)
    findings.fault(
      ["doors", "postgres", "authentication"],
      "oauthbearer must tell clients where tokens come from; set oauth.openidConfiguration",
    );
}

/**
 * `never` without a certificate would refuse everybody, which is a mistake. `always` is permitted, because TLS may
 * end in front of Postern or a mesh may encrypt, but it is said aloud: a token is all that an eavesdropper needs.
 */
function checkPlainText(door: PostgresDoorConfig, findings: Findings): void {
  const path = ["doors", "postgres", "plainText"];
  const reachable = !isLoopback(door.host);
  if (door.tls === undefined && door.plainText === "never")
    findings.fault(path, "never needs a certificate; set doors.postgres.tls");
  if (door.plainText === "always" && reachable)
    findings.warn(
      path,
      "always lets tokens cross the network in clear text; use loopback or never unless TLS ends before",
    );
  if (door.tls === undefined && door.plainText === "loopback" && reachable)
    findings.warn(
      ["doors", "postgres", "tls"],
      "is missing, so only this machine can log in; set certFile and keyFile",
    );
}
