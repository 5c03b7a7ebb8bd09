/** Aggregated ClusterRoles: their rules are those of the roles that they select. */
import type { AnyRole, ClusterRole, LabelRequirement, LabelSelector } from "./objects.ts";
import type { PlacedRule } from "./rule-set.ts";

/** The rules that a role has by itself. */
export function ownRules({ metadata, rules }: AnyRole): PlacedRule[] {
  return rules.map((rule, index) => ({ rule, role: metadata.name, index }));
}

/**
 * The rules of an aggregated ClusterRole: those of every role that can be reached by selectors, and its own never.
 * Kubernetes' controller gets there in rounds, copying rules until nothing changes; where roles select each other in a
 * circle, what it ends with depends on where it began, and this does not.
 */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PlacedRule[] {
  const reached = new Set([role]);
  const found: ClusterRole[] = [];
  for (const from of reached) {
    if (from.aggregationRule === undefined) found.push(from);
    else
      for (const selected of selectedBy(from.aggregationRule.clusterRoleSelectors, all))
        reached.add(selected);
  }
  return found.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).flatMap(ownRules);
}

function selectedBy(selectors: readonly LabelSelector[], all: readonly ClusterRole[]): ClusterRole[] {
  return all.filter(({ metadata }) => selectors.some((selector) => selects(selector, metadata.labels)));
}

/** Whether labels meet every requirement ("Labels and Selectors" in Kubernetes' documentation). */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => labelOf(labels, key) === value) &&
    selector.matchExpressions.every((requirement) => meets(requirement, labels))
  );
}

/** NotIn holds also where there is no such label. */
function meets(
  { key, operator, values }: LabelRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labelOf(labels, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return operator satisfies never;
  }
}

function labelOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}
