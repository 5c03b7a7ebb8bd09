/** Whether rights contain other rights, rule by rule: Kubernetes' test for escalation. */
import { databaseMatches, isDatabases, pathMatches } from "./match.ts";
import type { PolicyRule } from "./objects.ts";

/** A single right: what is left of a rule when every list in it is cut to one value. */
export type Right = ResourceRight | PathRight;

interface ResourceRight {
  readonly kind: "resource";
  readonly verb: string;
  readonly apiGroup: string;
  readonly resource: string;
  /** None: whatever the name. */
  readonly name: string | undefined;
}

interface PathRight {
  readonly kind: "path";
  readonly verb: string;
  readonly path: string;
}

/**
 * The rights in `wanted` that no rule of `held` contains whole. One right is never put together of several rules, so
 * that this may miss what somebody holds in pieces, and never sees what they do not hold.
 */
export function missingRights(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): Right[] {
  return wanted
    .filter((rule) => !held.some((other) => sameOrWider(other, rule)))
    .flatMap(rightsIn)
    .filter((right) => !held.some((rule) => holds(rule, right)));
}

/** The usual case, quickly: a rule that is held as it is. */
function sameOrWider(held: PolicyRule, wanted: PolicyRule): boolean {
  if (wanted.nonResourceURLs.length > 0 || held.resourceNames.length > 0) return false;
  return (
    containsAll(held.verbs, wanted.verbs) &&
    containsAll(held.apiGroups, wanted.apiGroups) &&
    containsAll(held.resources, wanted.resources)
  );
}

function containsAll(held: readonly string[], wanted: readonly string[]): boolean {
  return held.includes("*") || wanted.every((value) => held.includes(value));
}

/** A rule, taken apart. */
export function rightsIn(rule: PolicyRule): Right[] {
  const names = rule.resourceNames.length === 0 ? [undefined] : rule.resourceNames;
  const resources = rule.apiGroups.flatMap((apiGroup) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) =>
        names.map((name): Right => ({ kind: "resource", verb, apiGroup, resource, name })),
      ),
    ),
  );
  const paths = rule.nonResourceURLs.flatMap((path) =>
    rule.verbs.map((verb): Right => ({ kind: "path", verb, path })),
  );
  return [...resources, ...paths];
}

/** The right as a rule, for people to read. */
export function ruleOf(right: Right): PolicyRule {
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  if (right.kind === "path") return { ...none, verbs: [right.verb], nonResourceURLs: [right.path] };
  const { verb, apiGroup, resource, name } = right;
  const names = name === undefined ? [] : [name];
  return { ...none, verbs: [verb], apiGroups: [apiGroup], resources: [resource], resourceNames: names };
}

function holds(rule: PolicyRule, right: Right): boolean {
  if (!hasOrAll(rule.verbs, right.verb)) return false;
  if (right.kind === "path") {
    // A rule for resources that has names is about nothing else, in Kubernetes' test as well.
    return (
      rule.resourceNames.length === 0 && rule.nonResourceURLs.some((url) => pathMatches(url, right.path))
    );
  }
  return (
    hasOrAll(rule.apiGroups, right.apiGroup) &&
    holdsResource(rule.resources, right.resource) &&
    holdsName(rule.resourceNames, right)
  );
}

function hasOrAll(values: readonly string[], wanted: string): boolean {
  return values.includes("*") || values.includes(wanted);
}

function holdsResource(resources: readonly string[], resource: string): boolean {
  if (hasOrAll(resources, resource)) return true;
  const slash = resource.indexOf("/");
  return slash >= 0 && resources.includes(`*${resource.slice(slash)}`);
}

/** A list of names never holds what is without names. */
function holdsName(names: readonly string[], { apiGroup, resource, name }: ResourceRight): boolean {
  if (names.length === 0) return true;
  if (name === undefined) return false;
  if (names.includes(name)) return true;
  return isDatabases(apiGroup, resource) && names.some((pattern) => databaseMatches(pattern, name));
}
