/**
 * The call of a function, and the read of what it returns ("Functions as RPC" in PostgREST's documentation). Whether the
 * role may call it is PostgreSQL's decision.
 */
import type { Catalog, QualifiedName, Routine, RoutineReturn } from "../catalog/types.ts";
import { neededColumns } from "./columns.ts";
import type { CountPlan } from "./count.ts";
import { planCount } from "./count.ts";
import type { CallRequest, CallValues, FoundCall } from "./find-call.ts";
import type { PlannedRead, Root } from "./read.ts";
import { planRead } from "./read.ts";
import type { RowOutput } from "./representation.ts";
import type { RowType } from "./row-type.ts";
import { rowTypeOf, rowTypeOfColumns } from "./row-type.ts";

/** The column of a value that is no row: what `select`, `order` and CSV call it. */
export const VALUE = "pgrst_scalar";

export interface CallPlan {
  readonly routine: QualifiedName;
  readonly arguments: CallValues;
  /** What a call gives in FROM: columns, one unnamed value, or a record whose columns the server does not know there. */
  readonly gives: "columns" | "value" | "record";
  /** The rows are read twice, so they are put aside: with these computed fields, where the call's own rows have them. */
  readonly aside: { readonly computed: readonly string[] } | null;
}

export interface PlannedCall {
  readonly call: CallPlan;
  readonly read: PlannedRead;
  readonly count: CountPlan;
  readonly returns: RoutineReturn;
}

/** The relation whose rows the function returns, if there is one: its media type handlers apply. */
export function returnedTable(catalog: Catalog, { returns }: Routine): QualifiedName | null {
  if (returns.kind !== "composite") return null;
  return catalog.tables.get(returns.type.schema)?.get(returns.type.name) ?? null;
}

/**
 * @param output which domain representations apply to what is returned
 * @throws RestError as a read does
 */
export function planCall(call: CallRequest, found: FoundCall, output: RowOutput): PlannedCall {
  const { catalog, settings, request } = call;
  const { routine } = found;
  const { schema, query, range, preferences } = request;
  const rowType = rowTypeOfReturn(catalog, routine);
  const read = (named: boolean) => {
    const root: Root = { kind: "called", rowType, named };
    return planRead({ catalog, settings, schema, root, query, range, output });
  };
  const direct = read(true);
  const count = planCount(preferences.count, direct.plan, settings.maxRows);
  const twice = count.total.kind === "exact" || count.total.kind === "up-to";
  const planned = twice ? read(false) : direct;
  return {
    call: {
      routine,
      arguments: found.arguments,
      gives: givesOf(routine.returns),
      aside: twice ? { computed: computedOf(planned, rowType) } : null,
    },
    read: planned,
    count,
    returns: routine.returns,
  };
}

function computedOf({ plan }: PlannedRead, rowType: RowType): string[] {
  return [...neededColumns(plan).named].filter((name) => rowType.computedFields.has(name));
}

function givesOf(returns: RoutineReturn): CallPlan["gives"] {
  if (returns.kind === "record") return "record";
  return returns.kind === "composite" || returns.kind === "columns" ? "columns" : "value";
}

function rowTypeOfReturn(catalog: Catalog, { name, returns }: Routine): RowType {
  switch (returns.kind) {
    case "void":
      return rowTypeOfColumns(name, [{ name: VALUE, type: "void" }]);
    case "scalar":
      return rowTypeOfColumns(name, [{ name: VALUE, type: returns.typeText }]);
    case "composite":
      return rowTypeOf(catalog, returns.type);
    case "columns":
      return rowTypeOfColumns(name, returns.columns);
    case "record":
      return rowTypeOfColumns(name, [{ name: VALUE, type: "record" }]);
    default:
      return returns satisfies never;
  }
}
