import type { Findings } from "../prepare.ts";
import { isLoopback } from "./loopback.ts";
import type { Parts } from "./parts.ts";
import { unknown } from "./parts.ts";

/** What the schema cannot see of the REST door: which cluster it is for, and who can listen in. */
export function checkRestDoor({ restDoor: door, clusterNames }: Parts, findings: Findings): void {
  if (door === undefined) return;
  const { cluster, tls, host, unixSocket } = door;
  const path = (name: string) => ["doors", "rest", name];
  if (cluster !== undefined && !clusterNames.includes(cluster))
    findings.fault(path("cluster"), unknown("cluster", cluster, clusterNames));
  if (cluster === undefined && clusterNames.length > 1)
    findings.fault(
      path("cluster"),
      "is missing, and there are several clusters; name the one behind the API",
    );
  if (tls === undefined && unixSocket === undefined && !isLoopback(host))
    findings.warn(
      path("tls"),
      "is missing, so tokens cross the network in clear text unless TLS ends before; set certFile and keyFile",
    );
}
