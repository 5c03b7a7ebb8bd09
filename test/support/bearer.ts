import type { ClusterConfig, DecideConfig } from "../../src/config/schema.ts";
import type { Bearer } from "../../src/policy/decision.ts";

/** Somebody whose token has these claims. */
export function bearerOf(claims: Bearer["claims"], more: Partial<Bearer> = {}): Bearer {
  const base = { issuer: "issuer", subject: "ada", username: "ada", groups: [] };
  return { ...base, claims, proof: { issuer: "issuer" }, ...more };
}

/** The settings of a cluster that is in token mode. */
export function tokenDecisionOf(cluster: ClusterConfig | undefined): DecideConfig<"token"> {
  if (cluster?.decide.mode !== "token") throw new TypeError("the cluster is not in token mode");
  return cluster.decide;
}
