/** Columns, steps into them, and the functions and casts around them. */
import type { QualifiedName } from "../catalog/types.ts";
import type { FieldPlan } from "../plan/types.ts";
import type { JsonStep } from "../request/types.ts";
import { castType } from "./cast.ts";
import type { Sql } from "./fragment.ts";
import { parameter, qualified, sql } from "./fragment.ts";

const ARROW = { "->": sql` -> `, "->>": sql` ->> ` } as const;

export function fieldSql(field: FieldPlan): Sql {
  const column = qualified(field.alias, field.column);
  if (field.path.length === 0) return column;
  return pathSql(field.toJson ? sql`pg_catalog.to_jsonb(${column})` : column, field.path);
}

/** `(value -> $1 ->> $2)`: keys are values of the client like any other. */
export function pathSql(value: Sql, path: readonly JsonStep[]): Sql {
  if (path.length === 0) return value;
  let steps = value;
  for (const { arrow, kind, operand } of path) {
    const key = kind === "index" ? sql`${parameter(operand)}::int4` : parameter(operand);
    steps = sql`${steps}${ARROW[arrow]}${key}`;
  }
  return sql`(${steps})`;
}

export function castSql(value: Sql, type: string | null): Sql {
  return type === null ? value : sql`CAST(${value} AS ${castType(type)})`;
}

/** A call of a function with one argument, or the argument itself when there is no function. */
export function callSql(called: QualifiedName | null, argument: Sql): Sql {
  return called === null ? argument : sql`${qualified(called.schema, called.name)}(${argument})`;
}
