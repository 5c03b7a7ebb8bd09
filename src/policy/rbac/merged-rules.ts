import type { Question } from "./match.ts";
import { anyDatabaseOf, ruleCoversQuestion } from "./match.ts";
import type { PlacedRule, RuleSet } from "./rule-set.ts";

/** A rule, and the use of its role that brings it. */
export interface MergedRule<U> {
  readonly use: U;
  readonly placed: PlacedRule;
}

type ResourceQuestion = Extract<Question, { kind: "resource" }>;

/**
 * The rules of many roles, found by resource and name together: somebody with a thousand roles of a thousand databases
 * is asked about one of them. It only finds candidates; each is then compared as any other rule.
 */
export class MergedRules<U> {
  readonly #byName = new Map<string, MergedRule<U>[]>();
  readonly #ofAnyName = new Map<string, MergedRule<U>[]>();

  constructor(uses: readonly U[], rulesOf: (use: U) => RuleSet | undefined) {
    for (const use of uses) for (const placed of rulesOf(use)?.rules ?? []) this.#add({ use, placed });
  }

  find(question: ResourceQuestion): MergedRule<U> | undefined {
    const { resource, anyWithSubresource } = question;
    return (
      this.#among("*", question) ??
      this.#among(resource, question) ??
      (anyWithSubresource === undefined ? undefined : this.#among(anyWithSubresource, question))
    );
  }

  #among(resource: string, question: ResourceQuestion): MergedRule<U> | undefined {
    const fits = ({ placed }: MergedRule<U>) => ruleCoversQuestion(placed.rule, question);
    const pattern = anyDatabaseOf(question.name);
    return (
      this.#ofAnyName.get(resource)?.find(fits) ??
      this.#byName.get(nameKey(resource, question.name))?.find(fits) ??
      (pattern === undefined ? undefined : this.#byName.get(nameKey(resource, pattern))?.find(fits))
    );
  }

  #add(merged: MergedRule<U>): void {
    const { resources, resourceNames } = merged.placed.rule;
    for (const resource of new Set(resources)) {
      if (resourceNames.length === 0) push(this.#ofAnyName, resource, merged);
      for (const name of new Set(resourceNames)) push(this.#byName, nameKey(resource, name), merged);
    }
  }
}

function nameKey(resource: string, name: string): string {
  return `${resource}\0${name}`;
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
