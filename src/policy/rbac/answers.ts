/** Answers for people: why may I, who may, what may I. Slower than a decision, and by the same rules. */
import type { Attributes, Request, User } from "./attributes.ts";
import { type Authorization, authorize, type GrantAsker, isInForce, namespaceAsked } from "./authorize.ts";
import { roleKeyOf } from "./binding-index.ts";
import { questionOf } from "./match.ts";
import type { PolicyRule, Subject } from "./objects.ts";
import { namespaceOf } from "./objects.ts";
import type { AnyBound, Policy } from "./policy.ts";
import { describeUse } from "./words.ts";

/** One way in which something is allowed. */
export interface Reason {
  /** Names the binding, its role and which of its rules. */
  readonly rule: string;
  readonly until: number | undefined;
  readonly grantId: string | undefined;
}

/** The decision, and every binding that it could rest on: what would have to go for the right to go. */
export function canI(
  policy: Policy,
  attributes: Attributes,
  now: number,
): { readonly decision: Authorization; readonly reasons: readonly Reason[] } {
  const asked = questionOf(attributes);
  const reasons = boundFor(policy, attributes.user, namespaceAsked(attributes)).flatMap(
    ({ roleKey, bound }) => {
      const placed = policy.rules(roleKey)?.find(asked);
      const counts = placed !== undefined && counted(bound, attributes, now);
      return counts ? [{ rule: describeUse(bound, placed), ...endOf(bound) }] : [];
    },
  );
  return { decision: authorize(policy, attributes, now), reasons };
}

/** One who may do something, and by what. */
export interface Able extends Reason {
  readonly subject: Subject;
}

/** Every subject that may do it, once for each binding. Service accounts are told with their namespace. */
export function whoCan(policy: Policy, request: Request, now: number): Able[] {
  const asked = questionOf(request);
  const scope = namespaceAsked(request);
  return policy.bindings().flatMap((bound) => {
    const { binding } = bound;
    const namespace = namespaceOf(binding);
    if (namespace !== undefined && namespace !== scope) return [];
    const placed = counted(bound, request, now) ? policy.rules(roleKeyOf(binding))?.find(asked) : undefined;
    if (placed === undefined) return [];
    const reason = { rule: describeUse(bound, placed), ...endOf(bound) };
    return binding.subjects.map((subject) => ({ subject: placedSubject(subject, namespace), ...reason }));
  });
}

function placedSubject(subject: Subject, namespace: string | undefined): Subject {
  if (subject.kind !== "ServiceAccount" || subject.namespace !== undefined) return subject;
  return { ...subject, namespace };
}

/** A rule that somebody has. */
export interface HeldRule extends Reason {
  readonly policyRule: PolicyRule;
}

/** Every rule that the user has: everywhere and, where one is named, in the namespace. */
export function rulesFor(policy: Policy, { user, namespace, peer }: Asker, now: number): HeldRule[] {
  return boundFor(policy, user, namespace)
    .filter(({ bound }) => counted(bound, { user, peer }, now))
    .flatMap(({ roleKey, bound }) =>
      (policy.rules(roleKey)?.rules ?? []).map((placed) => ({
        policyRule: placed.rule,
        rule: describeUse(bound, placed),
        ...endOf(bound),
      })),
    );
}

export interface Asker {
  readonly user: User;
  readonly namespace: string | undefined;
  /** The address that the user comes from; without it, grants that are bound to networks do not count. */
  readonly peer?: string | undefined;
}

interface HeldRole {
  readonly roleKey: string;
  readonly bound: AnyBound;
}

/** Each binding that names the user, once, even where it names several of the user's groups. */
function boundFor(policy: Policy, user: User, namespace: string | undefined): HeldRole[] {
  const held = new Map<AnyBound, HeldRole>();
  const note = ({
    roleKey,
    bindings,
  }: {
    readonly roleKey: string;
    readonly bindings: readonly AnyBound[];
  }) => {
    for (const bound of bindings) held.set(bound, { roleKey, bound });
    return false;
  };
  policy.standing.some(user, namespace, note);
  policy.granted.some(user, namespace, note);
  return [...held.values()];
}

function counted(bound: AnyBound, asker: GrantAsker, now: number): boolean {
  return bound.kind === "standing" || isInForce(bound.grant, asker, now);
}

function endOf(bound: AnyBound): Pick<Reason, "until" | "grantId"> {
  if (bound.kind === "standing") return { until: undefined, grantId: undefined };
  return { until: bound.grant.until, grantId: bound.grant.grantId };
}
