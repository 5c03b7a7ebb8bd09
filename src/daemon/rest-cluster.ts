import type { ClusterConfig, Config, RestDoorConfig } from "../config/schema.ts";

/** The cluster of the REST door. The configuration was checked: where the door names none there is only one. */
export function clusterOfRest({ clusters }: Config, { cluster }: RestDoorConfig): ClusterConfig {
  const found = clusters.find(({ name }) => cluster === undefined || name === cluster);
  if (found === undefined) throw new TypeError("the configuration was checked for that");
  return found;
}
