/** `order` → what the rows are sorted by. */
import { notEmbedded, orderNotToOne } from "../refusals.ts";
import type { OrderTerm } from "../request/types.ts";
import type { Level } from "./conditions.ts";
import type { Draft } from "./context.ts";
import { columnOf, fieldOf } from "./row-type.ts";
import type { OrderBy, Output, Value } from "./types.ts";

export function orderOf(level: Level, terms: readonly OrderTerm[]): OrderBy[] {
  return terms.map((term) => {
    const { direction, nulls } = term;
    return { ...sortedBy(level, term), direction, nulls };
  });
}

function sortedBy(level: Level, term: OrderTerm): Pick<OrderBy, "value" | "path"> {
  const { relation, field } = term;
  if (relation === undefined) {
    const plan = fieldOf(level.rowType, level.alias, field);
    return { value: { kind: "field", field: plan, formatter: null }, path: [] };
  }
  const draft = relatedDraft(level, relation);
  if (!draft.toOne) throw orderNotToOne(level.rowType.name, relation);
  const shown = shownValue(draft, term);
  return shown === undefined
    ? { value: helperOf(draft, term), path: [] }
    : { value: shown, path: field.path };
}

function relatedDraft({ context, drafts }: Level, relation: string): Draft {
  const draft = drafts.find((each) => each.name === relation);
  if (draft !== undefined) return draft;
  const aliased = drafts.find((each) => each.aliased && each.relation === relation);
  if (aliased === undefined) throw notEmbedded(relation);
  if (!context.settings.legacyTargetNames)
    throw notEmbedded(relation, { name: relation, alias: aliased.name });
  context.legacyNames.push({ name: relation, alias: aliased.name });
  return aliased;
}

/** What the embed shows under that name, where it is the plain column: rows can be grouped by it. */
function shownValue(draft: Draft, { field }: OrderTerm): Value | undefined {
  if (draft.shape === "columns") {
    const output = draft.shown.find((each) => each.kind === "value" && each.name === field.name);
    const isPlain = output?.kind === "value" && output.aggregate === null && field.path.length === 0;
    return isPlain ? output.value : undefined;
  }
  if (draft.shape !== "object") return undefined;
  const matching = draft.plan.outputs.filter((each) => isShown(draft, each, field.name));
  const [only, another] = matching;
  if (only === undefined || another !== undefined) return undefined;
  if (field.path.length > 0 && !isJson(draft, only, field.name)) return undefined;
  return { kind: "export", alias: draft.alias, column: field.name };
}

function isShown({ rowType }: Draft, output: Output, name: string): boolean {
  if (output.kind === "all") return rowType.columns.has(name);
  if (output.kind === "count") return false;
  const { value, cast, aggregate } = output;
  const isPlain = value.kind === "field" && value.formatter === null && cast === null && aggregate === null;
  return isPlain && output.name === name;
}

function isJson({ rowType, plan }: Draft, output: Output, name: string): boolean {
  if (output.kind === "value" && output.value.kind === "field") return !output.value.field.toJson;
  const { type } = columnOf(rowType, plan.alias, name);
  return type === "json" || type === "jsonb";
}

/** The embed hands out one value more. */
function helperOf(draft: Draft, { field }: OrderTerm): Value {
  const column = `_order_${draft.helpers.length + 1}`;
  const plan = fieldOf(draft.rowType, draft.plan.alias, field);
  draft.helpers.push({
    kind: "value",
    name: column,
    value: { kind: "field", field: plan, formatter: null },
    cast: null,
    aggregate: null,
  });
  return { kind: "export", alias: draft.alias, column };
}
