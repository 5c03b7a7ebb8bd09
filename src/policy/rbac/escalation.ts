/**
 * Nobody gives more than they hold, nor for longer: Kubernetes' rule against escalation, with time added. Whether
 * somebody may write roles or bindings at all (`create`, `update`) is asked before, by `authorize`.
 */
import type { PolicyErrorCode } from "../errors.ts";
import type { ResourceAttributes, User } from "./attributes.ts";
import { authorize, isHolder } from "./authorize.ts";
import { missingRights, ruleOf } from "./covers.ts";
import type { AnyRole, Binding, PolicyRule, RoleRef } from "./objects.ts";
import { namespaceOf, RBAC_GROUP } from "./objects.ts";
import type { Policy } from "./policy.ts";
import { describeRule, quote } from "./words.ts";

/** Who wants to give something. */
export interface Giver {
  readonly user: User;
  /** Where it would hold; undefined: everywhere. */
  readonly namespace: string | undefined;
  /** When it would end by itself, milliseconds since the epoch; undefined: never. */
  readonly until: number | undefined;
}

export type Coverage =
  | { readonly kind: "covered" }
  | { readonly kind: "missing"; readonly missing: readonly PolicyRule[] };

/**
 * Whether the giver holds all of `rules`, for at least as long. Grants with a bound on addresses or uses do not count:
 * what would be given has no such bound.
 */
export function covers(policy: Policy, giver: Giver, rules: readonly PolicyRule[], now: number): Coverage {
  const missing = missingRights(heldRules(policy, giver, now), rules);
  return missing.length === 0 ? { kind: "covered" } : { kind: "missing", missing: missing.map(ruleOf) };
}

function heldRules(policy: Policy, { user, namespace, until }: Giver, now: number): PolicyRule[] {
  const roles = new Set<string>();
  policy.standing.some(user, namespace, ({ roleKey }) => {
    roles.add(roleKey);
    return false;
  });
  policy.granted.some(user, namespace, ({ roleKey, bindings }) => {
    const lasts = bindings.some(
      ({ grant }) =>
        isHolder(grant, user) &&
        grant.notBefore <= now &&
        until !== undefined &&
        grant.until >= until &&
        grant.until > now &&
        grant.peers === undefined &&
        grant.maxUses === undefined,
    );
    if (lasts) roles.add(roleKey);
    return false;
  });
  return [...roles].flatMap((key) => policy.rules(key)?.rules.map(({ rule }) => rule) ?? []);
}

export type Permission =
  | { readonly kind: "may"; readonly because: string }
  | { readonly kind: "may-not"; readonly code: PolicyErrorCode; readonly detail: string };

/** All that there is: what an aggregation rule may gather, and so what it takes to write one. */
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"], resourceNames: [], nonResourceURLs: [] },
  { verbs: ["*"], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ["*"] },
];

/** Whether somebody may give a role the rules that it will have. `before` is what it replaces. */
export function mayWriteRole(
  policy: Policy,
  user: User,
  { role, before }: { readonly role: AnyRole; readonly before: AnyRole | undefined },
  now: number,
): Permission {
  const namespace = namespaceOf(role);
  const escalate = authorize(
    policy,
    {
      ...rightOnRole("escalate", role.kind, namespace, user),
      // A role that is yet to be has no name that a rule could be about, as in Kubernetes.
      name: before === undefined ? undefined : role.metadata.name,
    },
    now,
  );
  if (escalate.kind === "allow" && lasts(escalate, undefined)) return { kind: "may", because: escalate.rule };
  const wanted = gathers(role) || gathers(before) ? [...role.rules, ...EVERYTHING] : role.rules;
  return within(policy, { user, namespace, until: undefined }, wanted, now);
}

/** Whether a right lasts for as long as what is given by it: who has `bind` for half an hour binds nothing for ever. */
function lasts(
  { until: end }: Extract<ReturnType<typeof authorize>, { kind: "allow" }>,
  until: number | undefined,
): boolean {
  return end === undefined || (until !== undefined && end >= until);
}

function gathers(role: AnyRole | undefined): boolean {
  return role?.kind === "ClusterRole" && role.aggregationRule !== undefined;
}

/**
 * Whether somebody may bind the role that a binding refers to.
 * @param until when the binding ends by itself (a grant), milliseconds since the epoch; undefined: it stands
 */
export function mayWriteBinding(
  policy: Policy,
  user: User,
  { binding, before, until }: BindingWrite,
  now: number,
): Permission {
  const { roleRef } = binding;
  if (before !== undefined && !sameRole(roleRef, before.roleRef)) {
    const detail = `${binding.kind} ${quote(binding.metadata.name)} is for ${describeRef(before.roleRef)}, and for no other`;
    return { kind: "may-not", code: "policy/role-ref", detail };
  }
  const namespace = namespaceOf(binding);
  const asked = { ...rightOnRole("bind", roleRef.kind, namespace, user), name: roleRef.name };
  const bind = authorize(policy, asked, now);
  if (bind.kind === "allow" && lasts(bind, until)) return { kind: "may", because: bind.rule };
  const rules = policy.rulesOf(roleRef, namespace)?.rules;
  if (rules === undefined) {
    const detail = `there is no ${describeRef(roleRef)}, so that nobody can hold its rights`;
    return { kind: "may-not", code: "policy/escalation", detail };
  }
  const given = rules.map(({ rule }) => rule);
  return within(policy, { user, namespace, until }, given, now);
}

export interface BindingWrite {
  readonly binding: Binding;
  readonly before: Binding | undefined;
  readonly until: number | undefined;
}

/** A binding stays with its role: who may read its subjects' names must be able to rely on what they have. */
function sameRole(a: RoleRef, b: RoleRef): boolean {
  return a.kind === b.kind && a.name === b.name && a.apiGroup === b.apiGroup;
}

function describeRef({ kind, name }: RoleRef): string {
  return `${kind} ${quote(name)}`;
}

function rightOnRole(
  verb: "bind" | "escalate",
  kind: AnyRole["kind"],
  namespace: string | undefined,
  user: User,
): ResourceAttributes {
  const resource = kind === "ClusterRole" ? "clusterroles" : "roles";
  return { user, verb, apiGroup: RBAC_GROUP, resource, namespace };
}

/** The most missing rights that are told. */
const MAX_TOLD = 10;

function within(policy: Policy, giver: Giver, rules: readonly PolicyRule[], now: number): Permission {
  const coverage = covers(policy, giver, rules, now);
  if (coverage.kind === "covered") return { kind: "may", because: "holds every right that is given" };
  const { missing } = coverage;
  const told = missing.slice(0, MAX_TOLD).map(describeRule).join("; ");
  const more = missing.length > MAX_TOLD ? `; and ${missing.length - MAX_TOLD} more` : "";
  const detail = `user ${quote(giver.user.name)} does not hold: ${told}${more}`;
  return { kind: "may-not", code: "policy/escalation", detail };
}
