import type { Trace } from "../base/trace.ts";
import type { Bearer, Decision, Permit, PlacedWish, Wish } from "./decision.ts";
import type { User } from "./rbac/attributes.ts";
import { decideByPolicy } from "./rbac/decide.ts";
import type { Policy } from "./rbac/policy.ts";
import { decideByRemote } from "./remote.ts";
import { decideByToken } from "./token.ts";

/** The policy of the moment, and who somebody is to it. */
export interface PolicyContext {
  readonly policy: Policy;
  readonly user: User;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The one question of every door, answered in the way that the cluster is set to.
 * @param context asked only where policy objects decide
 */
export function decide(bearer: Bearer, wish: Wish, trace: Trace, context: () => PolicyContext): Decision {
  const { cluster } = wish;
  if (cluster === undefined) {
    const detail = `no cluster for database "${wish.database}"`;
    trace({ check: "cluster", passed: false, saw: detail });
    return { kind: "deny", code: "policy/cluster", detail };
  }
  const decision = decideThere(bearer, { ...wish, cluster }, trace, context);
  return decision.kind === "permit" ? narrowed(decision, bearer, trace) : decision;
}

/** A credential may be good for less than its bearer. */
function narrowed(permit: Permit, { onlyRoles }: Bearer, trace: Trace): Decision {
  const { role } = permit;
  if (onlyRoles === undefined || onlyRoles.includes(role)) return permit;
  const detail = `the credential is not good for "${role}"`;
  trace({ check: "credential's roles", passed: false, saw: detail });
  return { kind: "deny", code: "policy/role", detail };
}

function decideThere(
  bearer: Bearer,
  placed: PlacedWish,
  trace: Trace,
  context: () => PolicyContext,
): Decision {
  const { cluster } = placed;
  const { decide: settings } = cluster;
  switch (settings.mode) {
    case "token":
      return decideByToken(bearer, placed, settings, trace);
    case "remote":
      return decideByRemote(bearer, placed, settings, trace);
    case "rbac":
      return decideByPolicy({ ...context(), wish: placed, onlyRoles: bearer.onlyRoles }, trace);
    default:
      return settings satisfies never;
  }
}
