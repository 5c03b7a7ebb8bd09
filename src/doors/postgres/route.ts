import type { ClusterConfig } from "../../config/schema.ts";

/** Which cluster and which database a client means. */
export interface Route {
  readonly cluster: ClusterConfig | undefined;
  readonly database: string;
}

/**
 * Finds the cluster: by the TLS server name (SNI), else by a database name of the form `cluster/database`, else the
 * default one (the only one, when there is one).
 */
export function route(
  clusters: readonly ClusterConfig[],
  defaultCluster: string | undefined,
  serverName: string | undefined,
  database: string,
): Route {
  const byName = serverName?.toLowerCase();
  const named = clusters.find((cluster) =>
    cluster.serverNames?.some((name) => name.toLowerCase() === byName),
  );
  if (named !== undefined) return { cluster: named, database };
  const slash = database.indexOf("/");
  const prefixed =
    slash < 0 ? undefined : clusters.find((cluster) => cluster.name === database.slice(0, slash));
  if (prefixed !== undefined) return { cluster: prefixed, database: database.slice(slash + 1) };
  const only = clusters.length === 1 ? clusters[0] : undefined;
  return { cluster: clusters.find((cluster) => cluster.name === defaultCluster) ?? only, database };
}
