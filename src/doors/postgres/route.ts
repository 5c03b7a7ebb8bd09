import type { DatabaseName } from "../../base/ids.ts";
import { parseDatabaseName } from "../../base/ids.ts";
import type { ClusterConfig } from "../../config/schema.ts";

/** Which cluster and which database a client means. */
export interface Route {
  readonly cluster: ClusterConfig | undefined;
  readonly database: DatabaseName;
}

/** Stands for a name that no database can have. It leads to no cluster, so nothing is ever opened under it. */
const UNNAMEABLE = "?" as DatabaseName; // short, and without NUL

/**
 * Finds the cluster: by the TLS server name (SNI), else by a database name of the form `cluster/database`, else the
 * default one (the only one, when there is one). A name that no database can have (empty, or over 63 bytes) leads
 * nowhere, like one of no cluster: an error of its own would tell strangers whether the part before it is a cluster's.
 */
export function route(
  clusters: readonly ClusterConfig[],
  defaultCluster: string | undefined,
  serverName: string | undefined,
  asked: string,
): Route {
  const { cluster, name } = place(clusters, defaultCluster, serverName, asked);
  const database = parseDatabaseName(name);
  return database === undefined ? { cluster: undefined, database: UNNAMEABLE } : { cluster, database };
}

function place(
  clusters: readonly ClusterConfig[],
  defaultCluster: string | undefined,
  serverName: string | undefined,
  asked: string,
): { readonly cluster: ClusterConfig | undefined; readonly name: string } {
  const byName = serverName?.toLowerCase();
  const named = clusters.find((cluster) =>
    cluster.serverNames?.some((name) => name.toLowerCase() === byName),
  );
  if (named !== undefined) return { cluster: named, name: asked };
  const slash = asked.indexOf("/");
  const prefixed = slash < 0 ? undefined : clusters.find((cluster) => cluster.name === asked.slice(0, slash));
  if (prefixed !== undefined) return { cluster: prefixed, name: asked.slice(slash + 1) };
  const only = clusters.length === 1 ? clusters[0] : undefined;
  return { cluster: clusters.find((cluster) => cluster.name === defaultCluster) ?? only, name: asked };
}
