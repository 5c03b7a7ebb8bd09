import { parseRoleName, type RoleName } from "../../base/ids.ts";
import type { Trace } from "../../base/trace.ts";
import type { Decision, Permit, PlacedWish } from "../decision.ts";
import type { PolicyErrorCode } from "../errors.ts";
import { privilegesOf } from "../privileges.ts";
import { rulesFor } from "./answers.ts";
import type { ResourceAttributes, User } from "./attributes.ts";
import { authorize } from "./authorize.ts";
import { DATABASES, questionOf, ruleCoversQuestion } from "./match.ts";
import type { PolicyRule } from "./objects.ts";
import { POSTERN_GROUP } from "./objects.ts";
import type { Policy } from "./policy.ts";
import { quote } from "./words.ts";

/** What a decision by policy is made of. */
export interface PolicyQuestion {
  readonly policy: Policy;
  readonly user: User;
  readonly wish: PlacedWish;
  /** The only roles that the credential is good for; all that policy gives when there is no list. */
  readonly onlyRoles?: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * rbac mode: `connect` on the database, `replicate` too for replication, and `assume` on the role. The role is the one
 * that was asked for; HTTP clients that ask for none get the only one that rules name to them.
 */
export function decideByPolicy(question: PolicyQuestion, trace: Trace): Decision {
  const { wish } = question;
  const rights: Right[] = [];
  for (const verb of wish.replication ? (["connect", "replicate"] as const) : (["connect"] as const)) {
    const right = ask(question, verb, DATABASES, `${wish.cluster.name}/${wish.database}`);
    if (right.kind === "no-opinion") return deny(trace, verb, DATABASE_CODES[verb], right.reason);
    trace({ check: verb, passed: true, saw: right.rule });
    rights.push(right);
  }
  const chosen = chooseRole(question);
  if (chosen.kind === "none") return deny(trace, "role", chosen.code, chosen.detail);
  const { role } = chosen;
  const assume = ask(question, "assume", DATABASE_ROLES, role);
  if (assume.kind === "no-opinion") return deny(trace, "assume", "policy/assume", assume.reason);
  trace({ check: "assume", passed: true, saw: assume.rule });
  const privileges = privilegesOf(role, wish.cluster, wish.replication);
  if (privileges.kind === "beyond") return deny(trace, privileges.check, privileges.code, privileges.detail);
  return { kind: "permit", role, privileged: privileges.privileged, ...together([...rights, assume]) };
}

/** The resource whose names are those of database roles. */
const DATABASE_ROLES = "databaseroles";

const DATABASE_CODES = { connect: "policy/connect", replicate: "policy/replication" } as const;

type Right = Extract<ReturnType<typeof authorize>, { kind: "allow" }>;

function ask(question: PolicyQuestion, verb: string, resource: string, name: string) {
  return authorize(question.policy, { ...attributesOf(question, verb, resource), name }, question.now);
}

function attributesOf({ user, wish }: PolicyQuestion, verb: string, resource: string): ResourceAttributes {
  const { namespace } = wish.cluster;
  return { user, verb, apiGroup: POSTERN_GROUP, resource, namespace, peer: wish.peer.address };
}

function deny(trace: Trace, check: string, code: PolicyErrorCode, detail: string): Decision {
  trace({ check, passed: false, saw: detail });
  return { kind: "deny", code, detail };
}

/** What rests on several rights ends with the first of them. */
function together(rights: readonly Right[]): Pick<Permit, "until" | "rule" | "grants"> {
  const ends = rights.flatMap(({ until }) => (until === undefined ? [] : [until]));
  const grants = rights.flatMap(({ grantId }) => (grantId === undefined ? [] : [grantId]));
  return {
    until: ends.length === 0 ? undefined : Math.min(...ends),
    rule: [...new Set(rights.map(({ rule }) => rule))].join("; "),
    grants: [...new Set(grants)],
  };
}

type Chosen =
  | { readonly kind: "role"; readonly role: RoleName }
  | { readonly kind: "none"; readonly code: PolicyErrorCode; readonly detail: string };

function chooseRole(question: PolicyQuestion): Chosen {
  const { role } = question.wish;
  if (role !== undefined) return { kind: "role", role };
  const [first, ...others] = namedRoles(question);
  if (first === undefined) {
    const detail = "no role was asked for, and no rule names one that may be assumed";
    return { kind: "none", code: "policy/assume", detail };
  }
  if (others.length === 0) return { kind: "role", role: first };
  const detail = `no role was asked for, and rules name ${[first, ...others].slice(0, 5).map(quote).join(", ")}`;
  return { kind: "none", code: "policy/role-choice", detail };
}

/** The roles that rules name to the user. A rule without names permits roles and names none. */
function namedRoles(question: PolicyQuestion): RoleName[] {
  const { policy, user, wish, now, onlyRoles } = question;
  const asker = { user, namespace: wish.cluster.namespace, peer: wish.peer.address };
  const names = rulesFor(policy, asker, now).flatMap(({ policyRule }) => namedBy(policyRule, question));
  const usable = names.filter((name) => onlyRoles?.includes(name) !== false);
  return [...new Set(usable)].flatMap((name) => parseRoleName(name) ?? []);
}

function namedBy(rule: PolicyRule, question: PolicyQuestion): readonly string[] {
  const [name] = rule.resourceNames;
  if (name === undefined) return [];
  const asked = questionOf({ ...attributesOf(question, "assume", DATABASE_ROLES), name });
  return ruleCoversQuestion(rule, asked) ? rule.resourceNames : [];
}
