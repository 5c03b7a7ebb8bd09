/** What a decision means for a session: whether it may have what it has, and until when. */
import type { EndReason } from "../base/event.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { Identity } from "../identity/identity.ts";
import type { Decision, Permit } from "../policy/decision.ts";
import type { SessionFacts, Until } from "../sessions/registry.ts";

/** Whether a decision permits what a session has: its very role, with no fewer rights than it was checked for. */
export function permitsAsMuch(decision: Decision, { role, basis }: SessionFacts): decision is Permit {
  return decision.kind === "permit" && decision.role === role && (decision.privileged || !basis.privileged);
}

/**
 * The earliest of the ends that bind a session. It never outlives its token unless the cluster says so.
 * @param startedAt when it began
 */
export function endOf(
  identity: Identity,
  permit: Permit,
  cluster: ClusterConfig,
  startedAt: number,
): Until | undefined {
  const ends: { at: number; reason: EndReason }[] = [];
  if (cluster.onExpiry === "end" && identity.expiresAt !== undefined)
    ends.push({ at: identity.expiresAt, reason: "expired" });
  if (permit.until !== undefined) ends.push({ at: permit.until, reason: "access-over" });
  if (cluster.maxSession !== undefined)
    ends.push({ at: startedAt + cluster.maxSession, reason: "max-duration" });
  return ends.sort((a, b) => a.at - b.at)[0];
}
