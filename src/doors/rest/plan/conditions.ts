/** Filters and logic trees → conditions. */
import { embedFilter } from "../refusals.ts";
import type { Filter, LogicTree, Operation } from "../request/types.ts";
import type { Branch } from "./branch.ts";
import type { Context, Draft } from "./context.ts";
import type { RowType } from "./row-type.ts";
import { columnOf, fieldOf, hasColumn } from "./row-type.ts";
import type { Comparison, Condition } from "./types.ts";

/** The level that conditions are about. */
export interface Level {
  readonly context: Context;
  readonly alias: string;
  readonly rowType: RowType;
  readonly drafts: readonly Draft[];
}

/** All must hold. One that an embed has to exist makes that embed inner instead. */
export function conditionsOf(level: Level, branch: Branch): Condition[] {
  const conditions: Condition[] = [];
  for (const filter of branch.filters) {
    const condition = filterOf(level, filter);
    const draft = condition.kind === "exists" && !condition.negated && draftOf(level, filter);
    if (draft) draft.inner = true;
    else conditions.push(condition);
  }
  for (const tree of branch.logic) conditions.push(treeOf(level, tree));
  return conditions;
}

function treeOf(level: Level, tree: LogicTree): Condition {
  if (tree.kind === "filter") return filterOf(level, tree);
  const { kind, negated, children } = tree;
  return { kind, negated, conditions: children.map((child) => treeOf(level, child)) };
}

function filterOf(level: Level, filter: Filter): Condition {
  const draft = draftOf(level, filter);
  if (draft === undefined) return comparisonOf(level, filter);
  const { operation, negated } = filter;
  if (operation.kind === "is" && operation.value === "null")
    return { kind: "exists", embed: draft, negated: !negated };
  if (operation.kind === "is" && operation.value === "not_null")
    return { kind: "exists", embed: draft, negated };
  throw embedFilter(filter.field.name);
}

/** The embed that a filter is about: one that has no column of that name beside it, or is only asked whether it is there. */
function draftOf({ context, rowType, drafts }: Level, { field, operation }: Filter): Draft | undefined {
  if (field.path.length > 0) return undefined;
  const { name } = field;
  const draft = drafts.find((each) => each.name === name);
  if (draft !== undefined) return isPresence(operation) || !hasColumn(rowType, name) ? draft : undefined;
  if (!context.settings.legacyTargetNames || hasColumn(rowType, name)) return undefined;
  const aliased = drafts.find((each) => each.aliased && each.relation === name);
  if (aliased !== undefined) context.legacyNames.push({ name, alias: aliased.name });
  return aliased;
}

function isPresence(operation: Operation): boolean {
  return operation.kind === "is" && (operation.value === "null" || operation.value === "not_null");
}

/** One column compared with a value. */
export function comparisonOf(
  level: Pick<Level, "context" | "alias" | "rowType">,
  filter: Filter,
): Comparison {
  const { context, alias, rowType } = level;
  const { field, negated, operation } = filter;
  const { type, nominalType } = columnOf(rowType, alias, field.name);
  const isWhole = field.path.length === 0;
  const reads = isWhole && comparesValues(operation);
  return {
    kind: "comparison",
    field: fieldOf(rowType, alias, field),
    negated,
    operation,
    parser: (reads && context.catalog.representations.fromText.get(nominalType)) || null,
    toTsvector: operation.kind === "fts" && !(isWhole && type === "tsvector"),
  };
}

/** Whether the other side is a value of the column's type; a pattern or a range isn't, so a domain's function can't read it. */
function comparesValues(operation: Operation): boolean {
  switch (operation.kind) {
    case "quantified":
      return !["like", "ilike", "match", "imatch"].includes(operation.operator);
    case "simple":
      return operation.operator === "neq";
    case "in":
    case "isdistinct":
      return true;
    case "is":
    case "fts":
      return false;
    default:
      return operation satisfies never;
  }
}
