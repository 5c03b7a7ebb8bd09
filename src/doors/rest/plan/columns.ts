/** Which columns a read needs of rows that a write returns: what its RETURNING has to list. */
import type { JoinCondition, ReadPlan, Value } from "./types.ts";

export interface NeededColumns {
  /** Every column of the relation, in its order. */
  readonly all: boolean;
  /** By name; computed fields too, which `*` does not bring. */
  readonly named: ReadonlySet<string>;
}

export function neededColumns(plan: ReadPlan): NeededColumns {
  const { alias } = plan;
  const named = new Set<string>();
  const need = (value: Value) => {
    if (value.kind === "field" && value.field.alias === alias) named.add(value.field.column);
  };
  let all = false;
  for (const output of plan.outputs) {
    if (output.kind === "all") all = true;
    if (output.kind === "value") need(output.value);
  }
  for (const { value } of plan.order) need(value);
  for (const embed of plan.embeds) {
    for (const column of joinColumns(embed.join, alias)) named.add(column);
    if (embed.plan.rows.kind === "computed") all = true; // its function takes the whole row
  }
  return { all, named };
}

function joinColumns(join: JoinCondition, alias: string): string[] {
  switch (join.kind) {
    case "columns":
      return join.parentAlias === alias ? join.pairs.map(([column]) => column) : [];
    case "junction":
      return join.parentAlias === alias ? join.parentPairs.map(([column]) => column) : [];
    case "none":
      return [];
    default:
      return join satisfies never;
  }
}
