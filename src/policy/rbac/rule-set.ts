import type { Question } from "./match.ts";
import { ruleCoversQuestion } from "./match.ts";
import type { PolicyRule } from "./objects.ts";

/** A rule and where it is written, so that a decision can name it. */
export interface PlacedRule {
  readonly rule: PolicyRule;
  /** The role that has the rule: the bound one, or one that an aggregated ClusterRole selected. */
  readonly role: string;
  readonly index: number;
}

/** The rules of one role, found by the resource that they name. */
export class RuleSet {
  readonly rules: readonly PlacedRule[];
  readonly #byResource = new Map<string, PlacedRule[]>();
  readonly #byPath: PlacedRule[] = [];

  constructor(rules: readonly PlacedRule[]) {
    this.rules = rules;
    for (const placed of rules) {
      if (placed.rule.nonResourceURLs.length > 0) this.#byPath.push(placed);
      for (const resource of new Set(placed.rule.resources)) {
        const others = this.#byResource.get(resource);
        if (others === undefined) this.#byResource.set(resource, [placed]);
        else others.push(placed);
      }
    }
  }

  /** A rule that covers the question, always the same one. */
  find(question: Question): PlacedRule | undefined {
    if (question.kind === "path") return this.#byPath.find(({ rule }) => ruleCoversQuestion(rule, question));
    return (
      this.#among("*", question) ??
      this.#among(question.resource, question) ??
      (question.anyWithSubresource === undefined
        ? undefined
        : this.#among(question.anyWithSubresource, question))
    );
  }

  #among(resource: string, question: Question): PlacedRule | undefined {
    return this.#byResource.get(resource)?.find(({ rule }) => ruleCoversQuestion(rule, question));
  }
}
