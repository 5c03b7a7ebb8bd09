import type { RoleName } from "../base/ids.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { PolicyErrorCode } from "./errors.ts";

export type Privileges =
  /** Whether the role may be used although it is a superuser, replicates or bypasses row security. */
  | { readonly kind: "within"; readonly privileged: boolean }
  | {
      readonly kind: "beyond";
      readonly check: string;
      readonly code: PolicyErrorCode;
      readonly detail: string;
    };

/** What a cluster lets a role do, whoever says that somebody may be it. */
export function privilegesOf(
  role: RoleName,
  { privilegedRoles, replicationRoles }: Pick<ClusterConfig, "privilegedRoles" | "replicationRoles">,
  replication: boolean,
): Privileges {
  const privileged = privilegedRoles === "any" || privilegedRoles.includes(role);
  if (/^pg_/i.test(role) && !privileged) {
    const detail = `"${role}" is a predefined role; name it in privilegedRoles to permit it`;
    return { kind: "beyond", check: "privileged role", code: "policy/privileged-role", detail };
  }
  if (replication && !replicationRoles.includes(role)) {
    const detail = `"${role}" is not in replicationRoles`;
    return { kind: "beyond", check: "replication", code: "policy/replication", detail };
  }
  return { kind: "within", privileged };
}
