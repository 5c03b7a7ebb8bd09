/** Whether one rule covers one question. Everything here is Kubernetes' semantics but for `databases`, see below. */
import type { Request } from "./attributes.ts";
import type { PolicyRule } from "./objects.ts";
import { POSTERN_GROUP } from "./objects.ts";

/** The resource whose names are `cluster/database`. */
export const DATABASES = "databases";

/** A question with what every rule compares, worked out once. */
export type Question = ResourceQuestion | PathQuestion;

interface ResourceQuestion {
  readonly kind: "resource";
  readonly verb: string;
  readonly apiGroup: string;
  /** `resource` or `resource/subresource`. */
  readonly resource: string;
  /** How a rule names this subresource of whichever resource: `*` and the subresource. */
  readonly anyWithSubresource: string | undefined;
  /** Empty where there is none: no resourceName is, so that rules with names cover nothing then. */
  readonly name: string;
}

interface PathQuestion {
  readonly kind: "path";
  readonly verb: string;
  readonly path: string;
}

export function questionOf(asked: Request): Question {
  if ("path" in asked) return { kind: "path", verb: asked.verb, path: asked.path };
  const { verb, apiGroup, resource, subresource = "", name = "" } = asked;
  return subresource === ""
    ? { kind: "resource", verb, apiGroup, resource, anyWithSubresource: undefined, name }
    : {
        kind: "resource",
        verb,
        apiGroup,
        resource: `${resource}/${subresource}`,
        anyWithSubresource: `*/${subresource}`,
        name,
      };
}

export function ruleCoversQuestion(rule: PolicyRule, question: Question): boolean {
  if (!hasOrAll(rule.verbs, question.verb)) return false;
  if (question.kind === "path") return rule.nonResourceURLs.some((url) => pathMatches(url, question.path));
  return (
    hasOrAll(rule.apiGroups, question.apiGroup) &&
    resourceMatches(rule.resources, question) &&
    nameMatches(rule.resourceNames, question)
  );
}

function hasOrAll(values: readonly string[], wanted: string): boolean {
  return values.includes("*") || values.includes(wanted);
}

function resourceMatches(resources: readonly string[], question: ResourceQuestion): boolean {
  const { resource, anyWithSubresource } = question;
  return (
    hasOrAll(resources, resource) ||
    (anyWithSubresource !== undefined && resources.includes(anyWithSubresource))
  );
}

function nameMatches(names: readonly string[], { apiGroup, resource, name }: ResourceQuestion): boolean {
  if (names.length === 0 || names.includes(name)) return true;
  return isDatabases(apiGroup, resource) && names.some((pattern) => databaseMatches(pattern, name));
}

/** `*` at the end of a path stands for whatever follows, however often it is written. */
export function pathMatches(pattern: string, path: string): boolean {
  if (pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.replace(/\*+$/, ""));
}

/** Postern's one addition: only for its own databases is a resourceName a pattern. */
export function isDatabases(apiGroup: string, resource: string): boolean {
  return apiGroup === POSTERN_GROUP && resource === DATABASES;
}

/**
 * Whether `cluster/*` covers `cluster/database`. The cluster ends at the first slash, because no cluster's name has one
 * and a database's may: `main/a/*` is the database `a/*` and nothing else.
 */
export function databaseMatches(pattern: string, name: string): boolean {
  const slash = pattern.indexOf("/");
  const isPattern = slash > 0 && slash === pattern.length - 2 && pattern.endsWith("*");
  return isPattern && name.length > slash + 1 && name.startsWith(pattern.slice(0, slash + 1));
}

/** The only pattern that can cover a database: `main/*` for `main/shop`. */
export function anyDatabaseOf(name: string): string | undefined {
  const slash = name.indexOf("/");
  return slash > 0 ? `${name.slice(0, slash)}/*` : undefined;
}
