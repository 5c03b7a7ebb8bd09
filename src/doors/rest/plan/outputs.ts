/** `select` → outputs. */
import { aggregatesDisabled, notImplemented } from "../refusals.ts";
import type { SelectCount, SelectField } from "../request/types.ts";
import type { Branch } from "./branch.ts";
import type { Context, Draft } from "./context.ts";
import type { RowType } from "./row-type.ts";
import { columnOf, fieldOf, hasColumn } from "./row-type.ts";
import type { Output } from "./types.ts";

interface Level {
  readonly context: Context;
  readonly alias: string;
  readonly rowType: RowType;
}

/** @param drafts the level's embeds, in the order of `select` */
export function outputsOf(level: Level, branch: Branch, drafts: readonly Draft[]): Output[] {
  const outputs: Output[] = [];
  let embed = 0;
  for (const item of branch.select) {
    switch (item.kind) {
      case "all":
        outputs.push(...allOf(level));
        break;
      case "field":
        outputs.push(fieldOutput(level, item));
        break;
      case "count":
        outputs.push(countOutput(level.context, item));
        break;
      case "relation":
      case "spread":
        outputs.push(...(drafts[embed++]?.shown ?? []));
        break;
      default:
        item satisfies never;
    }
  }
  return outputs;
}

/** `*` itself, unless some column is written by a function of its domain. */
function allOf(level: Level): Output[] {
  const { context, rowType } = level;
  if (context.formatters.size === 0) return [{ kind: "all" }];
  for (const { nominalType } of rowType.columns.values())
    if (context.formatters.has(nominalType)) return writtenOut(level, [{ kind: "all" }]);
  return [{ kind: "all" }];
}

/** With every `*` replaced by the columns' names. */
export function writtenOut(level: Level, outputs: readonly Output[]): Output[] {
  const { columns } = level.rowType;
  return outputs.flatMap((output) =>
    output.kind === "all" ? Array.from(columns.keys(), (name) => columnOutput(level, name)) : [output],
  );
}

function columnOutput(level: Level, name: string): Output {
  return fieldOutput(level, {
    kind: "field",
    field: { name, path: [] },
    alias: undefined,
    cast: undefined,
    aggregate: undefined,
    aggregateCast: undefined,
  });
}

function fieldOutput(level: Level, item: SelectField): Output {
  const { context, alias, rowType } = level;
  const { field, aggregate } = item;
  if (isOldCount(rowType, item))
    return countOutput(context, { kind: "count", alias: item.alias, aggregateCast: item.cast });
  if (aggregate !== undefined && !context.settings.aggregatesEnabled) throw aggregatesDisabled();
  const { nominalType } = columnOf(rowType, alias, field.name);
  const isFormatted = field.path.length === 0 && aggregate === undefined;
  return {
    kind: "value",
    name: item.alias ?? aggregate ?? nameOf(item),
    value: {
      kind: "field",
      field: fieldOf(rowType, alias, field),
      formatter: (isFormatted && context.formatters.get(nominalType)) || null,
    },
    cast: item.cast ?? null,
    aggregate: aggregate === undefined ? null : { function: aggregate, cast: item.aggregateCast ?? null },
  };
}

/** The last key of the path; indexes name nothing. */
function nameOf({ field }: SelectField): string {
  for (let step = field.path.length - 1; step >= 0; step--) {
    const { kind, operand } = field.path[step] as (typeof field.path)[number]; // within its length
    if (kind === "key") return operand;
  }
  return field.name;
}

/** Before there was `count()`, it was written like a column. */
function isOldCount(rowType: RowType, { field, aggregate }: SelectField): boolean {
  return (
    field.name === "count" &&
    field.path.length === 0 &&
    aggregate === undefined &&
    !hasColumn(rowType, "count")
  );
}

function countOutput(context: Context, { alias, aggregateCast }: SelectCount): Output {
  if (!context.settings.aggregatesEnabled) throw aggregatesDisabled();
  return { kind: "count", name: alias ?? "count", cast: aggregateCast ?? null };
}

/** Whether the rows of a level have to be grouped for these outputs. */
export function isAggregated(outputs: readonly Output[]): boolean {
  return outputs.some(
    (output) => output.kind === "count" || (output.kind === "value" && output.aggregate !== null),
  );
}

/** What a spread embed selects itself, and what its parent shows of that. */
export interface Spread {
  readonly inner: readonly Output[];
  readonly outer: readonly Output[];
}

/** Aggregates of a to-one spread are the parent's: they run over its rows. */
export function spreadOutputs(outputs: readonly Output[], alias: string, toOne: boolean): Spread {
  if (!toOne && isAggregated(outputs))
    throw notImplemented("Aggregates are not implemented for one-to-many or many-to-many spreads.");
  const inner: Output[] = [];
  const outer = outputs.map((output): Output => {
    if (output.kind !== "value") return output;
    const column = `_${inner.length + 1}`; // names of its own: the client's need not be different
    inner.push({ ...output, name: column, aggregate: null });
    return {
      kind: "value",
      name: output.name,
      value: { kind: "export", alias, column },
      cast: null,
      aggregate: output.aggregate,
    };
  });
  return { inner, outer };
}
