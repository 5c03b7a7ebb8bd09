import type { Table } from "../catalog/types.ts";
import type { Comparison, Condition, Output, ReadPlan } from "./types.ts";

/**
 * Whether a read finds one row of a table by its primary key and shows columns as they are, which takes less time than
 * asking for it. Policies, and rows that are large, may make it longer all the same: nothing may rely on it.
 */
export function isPointRead(table: Table, { outputs, where, embeds }: ReadPlan): boolean {
  return (
    (table.kind === "table" || table.kind === "partitioned") &&
    table.primaryKey.length > 0 &&
    embeds.length === 0 &&
    where.every((condition) => isPlain(table, condition)) &&
    table.primaryKey.every((column) => where.some((condition) => isOneOf(column, condition))) &&
    outputs.every((output) => isShownAsItIs(table, output))
  );
}

function isPlain({ columns }: Table, condition: Condition): condition is Comparison {
  return condition.kind === "comparison" && condition.parser === null && columns.has(condition.field.column);
}

function isOneOf(column: string, condition: Condition): boolean {
  if (condition.kind !== "comparison") return false;
  const { field, negated, operation } = condition;
  return (
    field.column === column &&
    field.path.length === 0 &&
    !negated &&
    operation.kind === "quantified" &&
    operation.operator === "eq" &&
    operation.quantifier === undefined
  );
}

/** A computed field is a function, and so is what writes a domain. */
function isShownAsItIs({ columns }: Table, output: Output): boolean {
  if (output.kind !== "value") return output.kind === "all";
  const { value, aggregate } = output;
  return (
    aggregate === null &&
    value.kind === "field" &&
    value.formatter === null &&
    columns.has(value.field.column)
  );
}
