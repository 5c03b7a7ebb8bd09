import { Naming } from "../../src/access/naming.ts";
import { PolicyInForce } from "../../src/access/policy-in-force.ts";
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

/** For decisions that no policy object takes part in. */
export function noPolicy(): never {
  throw new TypeError("policy objects were asked");
}

/** What access is made of where no policy object takes part. */
export const withoutPolicy = { policy: new PolicyInForce([]), naming: new Naming([]) };
