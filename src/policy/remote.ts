import { parseRoleName } from "../base/ids.ts";
import type { Trace } from "../base/trace.ts";
import type { DecideConfig } from "../config/schema.ts";
import type { Bearer, Decision, PlacedWish } from "./decision.ts";
import type { PolicyErrorCode } from "./errors.ts";
import { privilegesOf } from "./privileges.ts";

type RemoteDecision = DecideConfig<"remote">;

/**
 * Remote mode: the API named the roles that its user may be, and until when; those that had ended were left out. The
 * role must be one of them to the byte, whatever the API was asked.
 */
export function decideByRemote(
  { claims }: Pick<Bearer, "claims">,
  wish: PlacedWish,
  { restRole, databases }: RemoteDecision,
  trace: Trace,
): Decision {
  const { cluster, database } = wish;
  const deny = (check: string, code: PolicyErrorCode, detail: string): Decision => {
    trace({ check, passed: false, saw: detail });
    return { kind: "deny", code, detail };
  };
  const role = wish.role ?? (restRole === undefined ? undefined : parseRoleName(restRole));
  if (role === undefined)
    return deny("role", "policy/role", "no role was asked for, and there is no restRole");
  const grant = grantsIn(claims).find((one) => one.role === role);
  if (grant === undefined) return deny("role", "policy/role", `the API does not grant "${role}"`);
  trace({ check: "role", passed: true, saw: `the API grants "${role}"` });

  if (databases !== undefined && !databases.includes(database))
    return deny("database", "policy/database", `"${database}" is not one that may be opened`);
  trace({ check: "database", passed: true, saw: `"${database}" may be opened` });

  const privileges = privilegesOf(role, cluster, wish.replication);
  if (privileges.kind === "beyond") return deny(privileges.check, privileges.code, privileges.detail);
  const { privileged } = privileges;
  return { kind: "permit", role, until: grant.until, rule: "remote", privileged, grants: [] };
}

interface Grant {
  readonly role: string;
  readonly until: number | undefined;
}

/** The roles that src/identity/remote wrote down, the one that lasts longest first. */
function grantsIn({ user_roles: roles }: Bearer["claims"]): readonly Grant[] {
  if (!Array.isArray(roles)) return [];
  const grants = (roles as readonly unknown[]).flatMap((entry): Grant[] => {
    if (typeof entry !== "object" || entry === null || !("role" in entry) || !("expires_at" in entry))
      return [];
    const { role, expires_at: end } = entry;
    if (typeof role !== "string" || (end !== null && typeof end !== "number")) return [];
    return [{ role, until: end ?? undefined }];
  });
  return grants.sort((a, b) => (b.until ?? Number.POSITIVE_INFINITY) - (a.until ?? Number.POSITIVE_INFINITY));
}
