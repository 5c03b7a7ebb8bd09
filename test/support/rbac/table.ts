/** The whole table, and how Postern's evaluator is asked about a row of it. */
import type { Attributes, User } from "../../../src/policy/rbac/attributes.ts";
import type { PolicyObject, PolicyRule, TimedBinding } from "../../../src/policy/rbac/objects.ts";
import { parsePolicyObject } from "../../../src/policy/rbac/parse.ts";
import { Policy } from "../../../src/policy/rbac/policy.ts";
import { aggregationCases } from "./aggregations.ts";
import { bindingCases } from "./bindings.ts";
import type { Asked, AuthorizeCase, RawObject, RawRule } from "./case.ts";
import { bind, bindEverywhere, clusterRole } from "./case.ts";
import { ruleCases } from "./rules.ts";

export { coversCases } from "./coverings.ts";

export const authorizeCases: readonly AuthorizeCase[] = [...ruleCases, ...bindingCases, ...aggregationCases];

/** Objects as people write them. Fails on one that Postern would refuse. */
export function objectsOf(raw: readonly unknown[]): PolicyObject[] {
  return raw.map((each) => {
    const parsed = parsePolicyObject(each);
    if (parsed.kind === "object") return parsed.object;
    throw new TypeError(`${JSON.stringify(each)}: ${JSON.stringify(parsed.faults)}`);
  });
}

export function policyOf(raw: readonly unknown[]): Policy {
  return Policy.of(objectsOf(raw));
}

/** A row's question, with what it leaves out. */
export function attributesOf(asked: Asked): Attributes {
  const { user = "ada", groups = [], verb = "get", apiGroup = "", resource = "pods", path, ...rest } = asked;
  const who = { name: user, groups };
  if (path !== undefined) return { user: who, verb, path };
  return { user: who, verb, apiGroup, resource, namespace: "prod", ...rest };
}

export function ruleOf(raw: RawRule): PolicyRule {
  return { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [], ...raw };
}

/** A grant that gives a binding from 100 until 200, unless said otherwise. */
export function grantOf(raw: unknown, over: Partial<TimedBinding> = {}): TimedBinding {
  const [binding] = objectsOf([raw]);
  if (binding?.kind !== "RoleBinding" && binding?.kind !== "ClusterRoleBinding")
    throw new TypeError("a grant is of a binding");
  return { binding, grantId: "g-1", notBefore: 100, until: 200, ...over };
}

/** The same with many roles more for a user, which permit nothing that is asked, so that their rules are found together. */
export function amongMany(raw: readonly RawObject[], { name, groups }: User): RawObject[] {
  const subjects = [
    { kind: "User", name } as const,
    ...groups.map((group) => ({ kind: "Group", name: group }) as const),
  ].filter((subject) => subject.name !== "");
  const never = { verbs: ["never"], apiGroups: ["*"], resources: ["*"] };
  const more = Array.from({ length: 20 }, (_, index) => [
    clusterRole(`many-${index}`, [never], { many: "true" }),
    bind(`ClusterRole/many-${index}`, subjects, { name: `many-role-${index}` }),
    bindEverywhere(`many-${index}`, subjects),
  ]);
  return [...raw, ...more.flat()];
}
