import type { RoleName } from "../base/ids.ts";
import { parseRoleName } from "../base/ids.ts";
import type { Trace } from "../base/trace.ts";
import type { DecideConfig } from "../config/schema.ts";
import type { Bearer, Decision, PlacedWish } from "./decision.ts";
import type { PolicyErrorCode } from "./errors.ts";
import { privilegesOf } from "./privileges.ts";

/** The most roles that one claim may name: a longer list is a mistake or an attack. */
const MAX_ROLES = 1000;

type TokenDecision = DecideConfig<"token">;

/**
 * Token mode: the signed claim names the role. The role that the client asked for must be one that the token names,
 * to the byte. HTTP clients ask for none and get the first; without any, the anonymous role where there is one.
 */
export function decideByToken(
  bearer: Pick<Bearer, "claims">,
  wish: PlacedWish,
  decide: TokenDecision,
  trace: Trace,
): Decision {
  const { cluster } = wish;
  const deny = (check: string, code: PolicyErrorCode, detail: string): Decision => {
    trace({ check, passed: false, saw: detail });
    return { kind: "deny", code, detail };
  };
  const permitted = permittedRoles(bearer.claims, decide, wish.door === "rest");
  if (permitted.kind === "none") return deny("role claim", permitted.code, permitted.detail);
  const { roles, rule, saw } = permitted;
  trace({ check: "role claim", passed: true, saw });

  const role = wish.role ?? roles[0];
  if (!roles.includes(role)) {
    return deny("role", "policy/role", `"${role}" was asked for, the token permits ${quoted(roles)}`);
  }
  const asked = wish.role === undefined ? "is the first that is permitted" : "was asked for and is permitted";
  trace({ check: "role", passed: true, saw: `"${role}" ${asked}` });

  if (decide.databases !== undefined && !decide.databases.includes(wish.database)) {
    return deny(
      "database",
      "policy/database",
      `"${wish.database}" is not one of ${quoted(decide.databases)}`,
    );
  }
  trace({ check: "database", passed: true, saw: `"${wish.database}" may be opened` });

  const privileges = privilegesOf(role, cluster, wish.replication);
  if (privileges.kind === "beyond") return deny(privileges.check, privileges.code, privileges.detail);
  return { kind: "permit", role, until: undefined, rule, privileged: privileges.privileged, grants: [] };
}

type Permitted =
  | {
      readonly kind: "some";
      /** In the order in which they are named. */
      readonly roles: readonly [RoleName, ...RoleName[]];
      readonly rule: string;
      readonly saw: string;
    }
  | { readonly kind: "none"; readonly code: PolicyErrorCode; readonly detail: string };

/** The roles that a bearer of these claims may be. Only a door with `anonymity` falls back on the anonymous role. */
function permittedRoles(claims: Bearer["claims"], decide: TokenDecision, anonymity: boolean): Permitted {
  const { roleClaim, roleMapping, anonymousRole } = decide;
  const named = namedRoles(claims, decide);
  if (named.kind === "fault") return { kind: "none", code: "policy/role-claim", detail: named.detail };
  const [first, ...others] = named.roles;
  if (first !== undefined) {
    const roles = [first, ...others] as const;
    const rule = roleMapping === undefined ? `token:${roleClaim}` : `token:${roleClaim}+roleMapping`;
    return { kind: "some", roles, rule, saw: `${roleClaim} gives ${quoted(roles)}` };
  }
  const nothing = `${roleClaim} selects nothing`;
  if (!anonymity) return { kind: "none", code: "policy/role-claim", detail: nothing };
  const role = anonymousRole === undefined ? undefined : parseRoleName(anonymousRole);
  if (role === undefined)
    return { kind: "none", code: "policy/anonymous", detail: `${nothing}, and there is no anonymousRole` };
  return { kind: "some", roles: [role], rule: "anonymous", saw: `${nothing}; anonymousRole is "${role}"` };
}

type Named =
  /** Empty when the claim selects nothing. */
  | { readonly kind: "roles"; readonly roles: readonly RoleName[] }
  | { readonly kind: "fault"; readonly detail: string };

/** The roles that the claims name, each once, or what is wrong with them. */
function namedRoles(claims: Bearer["claims"], decide: TokenDecision): Named {
  const { roleClaim, roleMapping } = decide;
  const fault = (detail: string): Named => ({ kind: "fault", detail: `${roleClaim} ${detail}` });
  const found = roleClaim.select(claims);
  const values = found.length === 1 && Array.isArray(found[0]) ? (found[0] as unknown[]) : found;
  if (values.length > MAX_ROLES) return fault(`selects more than ${MAX_ROLES} values`);
  const roles = new Set<RoleName>();
  for (const value of values) {
    if (typeof value !== "string") return fault("selects a value that is not a string");
    const mapped = roleMapping === undefined ? [value] : mappedRoles(roleMapping, value);
    for (const name of mapped) {
      const role = parseRoleName(name);
      if (role === undefined)
        return fault("selects a value that cannot be a role name (empty, NUL or over 63 bytes)");
      roles.add(role);
    }
  }
  if (roles.size === 0 && values.length > 0)
    return fault("selects nothing that roleMapping has an entry for");
  return { kind: "roles", roles: [...roles] };
}

function mappedRoles(mapping: Readonly<Record<string, readonly string[]>>, value: string): readonly string[] {
  return Object.hasOwn(mapping, value) ? (mapping[value] ?? []) : [];
}

function quoted(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name));
  return shown.join(", ") + (names.length > shown.length ? ` and ${names.length - shown.length} more` : "");
}
