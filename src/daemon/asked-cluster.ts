import type { ClusterConfig, Config } from "../config/schema.ts";

/** The cluster that a question about a login is about: the one that it names, or the one where clients go that name none. */
export function askedCluster(
  { clusters, doors }: Config,
  named: string | undefined,
): ClusterConfig | undefined {
  const name = named ?? doors.postgres?.defaultCluster;
  return name === undefined && clusters.length === 1
    ? clusters[0]
    : clusters.find((cluster) => cluster.name === name);
}
