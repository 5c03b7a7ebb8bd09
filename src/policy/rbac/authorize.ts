/** May somebody do something? Rights only add up: there is no rule that denies, and the order of objects decides nothing. */
import { liesIn } from "../../base/networks.ts";
import type { Attributes, Request, User } from "./attributes.ts";
import type { Question } from "./match.ts";
import { questionOf } from "./match.ts";
import type { TimedBinding } from "./objects.ts";
import type { AnyBound, Granted, Policy } from "./policy.ts";
import type { PlacedRule } from "./rule-set.ts";
import { question as asText, describeUse } from "./words.ts";

export type Authorization =
  | {
      readonly kind: "allow";
      /** Names the binding, its role and which of its rules. */
      readonly rule: string;
      /** When the right ends by itself, milliseconds since the epoch; undefined: it stands. */
      readonly until: number | undefined;
      /** The grant that it rests on. */
      readonly grantId: string | undefined;
    }
  /** In Kubernetes' words: nothing here says yes. */
  | { readonly kind: "no-opinion"; readonly reason: string };

/**
 * Of several bindings that allow it, the one that lasts longest is named: any of policy before any of a grant.
 * @param now milliseconds since the epoch
 */
export function authorize(policy: Policy, attributes: Attributes, now: number): Authorization {
  const asked = questionOf(attributes);
  const found = standingUse(policy, attributes, asked) ?? grantedUse(policy, attributes, asked, now);
  if (found === undefined) return { kind: "no-opinion", reason: `no rule permits ${asText(attributes)}` };
  const rule = describeUse(found.bound, found.placed);
  if (found.bound.kind === "standing") return { kind: "allow", rule, until: undefined, grantId: undefined };
  const { until, grantId } = found.bound.grant;
  return { kind: "allow", rule, until, grantId };
}

/** A binding, and the rule of its role that answers a question. */
export interface Use {
  readonly bound: AnyBound;
  readonly placed: PlacedRule;
}

function standingUse(policy: Policy, attributes: Attributes, asked: Question): Use | undefined {
  let found: Use | undefined;
  policy.standing.someList(attributes.user, namespaceAsked(attributes), (uses) => {
    const match = policy.find(uses, asked);
    const [bound] = match?.use.bindings ?? [];
    if (match === undefined || bound === undefined) return false;
    found = { bound, placed: match.placed };
    return true;
  });
  return found;
}

/** The grant that ends last; of several that end together, the one with the least id. */
function grantedUse(policy: Policy, attributes: Attributes, asked: Question, now: number): Use | undefined {
  let best: { readonly bound: Granted; readonly placed: PlacedRule } | undefined;
  policy.granted.some(attributes.user, namespaceAsked(attributes), ({ roleKey, bindings }) => {
    const running = bindings.filter(({ grant }) => isInForce(grant, attributes, now));
    const placed = running.length === 0 ? undefined : policy.rules(roleKey)?.find(asked);
    if (placed === undefined) return false;
    for (const bound of running)
      if (best === undefined || outlasts(bound, best.bound)) best = { bound, placed };
    return false;
  });
  return best;
}

function outlasts({ grant: a }: Granted, { grant: b }: Granted): boolean {
  return a.until === b.until ? a.grantId < b.grantId : a.until > b.until;
}

/** Who a grant is to count for: somebody, or whoever, and from where. */
export interface GrantAsker {
  readonly user?: User | undefined;
  readonly peer?: string | undefined;
}

/** Whether a grant counts at this moment for its holder, who comes from there. */
export function isInForce(grant: TimedBinding, { user, peer }: GrantAsker, now: number): boolean {
  if (now < grant.notBefore || now >= grant.until || !isHolder(grant, user)) return false;
  return grant.peers === undefined || (peer !== undefined && liesIn(peer, grant.peers));
}

export function isHolder({ holder }: TimedBinding, user: User | undefined): boolean {
  return holder === undefined || user?.id === undefined || user.id === holder;
}

/** Paths belong to no namespace, so that only ClusterRoleBindings open them. */
export function namespaceAsked(request: Request): string | undefined {
  return "path" in request ? undefined : request.namespace;
}
