import type { RoleName } from "../base/ids.ts";
import { parseRoleName } from "../base/ids.ts";
import type { Trace } from "../base/trace.ts";
import type { ClusterConfig } from "../config/schema.ts";
import type { Decision, Wish } from "./decision.ts";
import type { PolicyErrorCode } from "./errors.ts";

/** The most roles that one claim may name: a longer list is a mistake or an attack. */
const MAX_ROLES = 1000;

/** What token mode needs to know of an identity. */
interface TokenBearer {
  readonly claims: { readonly [claim: string]: unknown };
}

/**
 * Token mode: the signed claim names the role. The role that the client asked for must be one that the token names,
 * to the byte.
 */
export function decideByToken(identity: TokenBearer, wish: Wish, trace: Trace): Decision {
  const { cluster } = wish;
  const deny = (check: string, code: PolicyErrorCode, detail: string): Decision => {
    trace({ check, passed: false, saw: detail });
    return { kind: "deny", code, detail };
  };
  if (cluster === undefined)
    return deny("cluster", "policy/cluster", `no cluster for database "${wish.database}"`);
  const { decide } = cluster;

  const named = namedRoles(identity.claims, decide);
  if (typeof named === "string") return deny("role claim", "policy/role-claim", named);
  trace({ check: "role claim", passed: true, saw: `${decide.roleClaim} gives ${quoted([...named])}` });

  if (!named.has(wish.role)) {
    return deny(
      "role",
      "policy/role",
      `"${wish.role}" was asked for, the token permits ${quoted([...named])}`,
    );
  }
  trace({ check: "role", passed: true, saw: `"${wish.role}" was asked for and is permitted` });

  if (decide.databases !== undefined && !decide.databases.includes(wish.database)) {
    return deny(
      "database",
      "policy/database",
      `"${wish.database}" is not one of ${quoted(decide.databases)}`,
    );
  }
  trace({ check: "database", passed: true, saw: `"${wish.database}" may be opened` });

  const privileged = cluster.privilegedRoles === "any" || cluster.privilegedRoles.includes(wish.role);
  if (/^pg_/i.test(wish.role) && !privileged) {
    return deny(
      "privileged role",
      "policy/privileged-role",
      `"${wish.role}" is a predefined role; name it in privilegedRoles to permit it`,
    );
  }
  if (wish.replication && !cluster.replicationRoles.includes(wish.role)) {
    return deny("replication", "policy/replication", `"${wish.role}" is not in replicationRoles`);
  }
  const rule =
    decide.roleMapping === undefined ? `token:${decide.roleClaim}` : `token:${decide.roleClaim}+roleMapping`;
  return { kind: "permit", role: wish.role, until: undefined, rule, privileged };
}

/** The roles that the claims name, or what is wrong with them. */
function namedRoles(
  claims: TokenBearer["claims"],
  decide: ClusterConfig["decide"],
): ReadonlySet<RoleName> | string {
  const found = decide.roleClaim.select(claims);
  const values = found.length === 1 && Array.isArray(found[0]) ? (found[0] as unknown[]) : found;
  if (values.length === 0) return `${decide.roleClaim} selects nothing`;
  if (values.length > MAX_ROLES) return `${decide.roleClaim} selects more than ${MAX_ROLES} values`;
  const roles = new Set<RoleName>();
  for (const value of values) {
    if (typeof value !== "string") return `${decide.roleClaim} selects a value that is not a string`;
    const mapped = decide.roleMapping === undefined ? [value] : mappedRoles(decide.roleMapping, value);
    for (const name of mapped) {
      const role = parseRoleName(name);
      if (role === undefined)
        return `${decide.roleClaim} selects a value that cannot be a role name (empty, NUL or over 63 bytes)`;
      roles.add(role);
    }
  }
  return roles.size > 0 ? roles : `roleMapping has no entry for what ${decide.roleClaim} selects`;
}

function mappedRoles(mapping: Readonly<Record<string, readonly string[]>>, value: string): readonly string[] {
  return Object.hasOwn(mapping, value) ? (mapping[value] ?? []) : [];
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name));
  return shown.join(", ") + (names.length > shown.length ? ` and ${names.length - shown.length} more` : "");
}
