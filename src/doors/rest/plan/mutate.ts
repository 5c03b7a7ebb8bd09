/**
 * ApiRequest + Payload + Catalog → what is written, and the read of what it returns. Every name is looked up here.
 * Whether the role may write is PostgreSQL's decision, and so is every constraint.
 */
import type { Catalog, Table } from "../catalog/types.ts";
import { RestError } from "../errors.ts";
import { putFilters, putKeyMismatch } from "../refusals.ts";
import type { ApiRequest, Filter, Payload } from "../request/types.ts";
import { Aliases } from "./aliases.ts";
import type { Branch } from "./branch.ts";
import { neededColumns } from "./columns.ts";
import { comparisonOf, conditionsOf } from "./conditions.ts";
import type { Context, ReadSettings } from "./context.ts";
import type { ConflictPlan, MutatePlan, Target } from "./mutation.ts";
import { writtenOut } from "./outputs.ts";
import { PAYLOAD, payloadColumns, payloadRows } from "./payload.ts";
import type { PlannedRead } from "./read.ts";
import { exposedTable, planRead } from "./read.ts";
import type { RowOutput } from "./representation.ts";
import { rowTypeOfTable, UNDEFINED_COLUMN } from "./row-type.ts";
import type { Condition, ReadPlan } from "./types.ts";

export interface WriteRequest {
  readonly catalog: Catalog;
  readonly settings: ReadSettings;
  readonly request: ApiRequest;
  readonly payload: Payload;
  /** Which domain representations apply to what is returned. */
  readonly output: RowOutput;
}

export interface PlannedWrite {
  readonly write: MutatePlan;
  /** The read of what was written; null when nothing of it is returned. */
  readonly read: PlannedRead | null;
  /** Whether there is something that rows can be duplicates by. */
  readonly conflicts: boolean;
}

/** @throws RestError PGRST105, 115, 204, 205, and those of a read */
export function planMutate(write: WriteRequest): PlannedWrite {
  const { request } = write;
  const { action } = request;
  switch (action.kind) {
    case "insert":
      return planInsert(write, tableOf(write, action.relation));
    case "upsert":
      return planUpsert(write, tableOf(write, action.relation));
    case "update":
      return planUpdate(write, tableOf(write, action.relation));
    case "delete": {
      const table = tableOf(write, action.relation);
      const { read, target } = targetOf(write, table);
      const where = whereOf(write, table, target.alias);
      return { write: { kind: "delete", ...target, where }, read, conflicts: false };
    }
    default:
      throw new TypeError(`${action.kind} writes to no relation`);
  }
}

function tableOf({ catalog, request }: WriteRequest, relation: string): Table {
  return exposedTable(catalog, request.schema, relation);
}

// --- INSERT -----------------------------------------------------------------------------------------------------

function planInsert(write: WriteRequest, table: Table): PlannedWrite {
  const { payload } = write;
  const { preferences } = write.request;
  const columns = payloadColumns(write.catalog, table, payload, write.request.preferences.missing);
  const conflict = conflictOf(write, table);
  const { read, target } = targetOf(write, table);
  const location = preferences.return === "headers-only" && table.primaryKey.length > 0;
  const returning = location ? { kind: "columns" as const, names: table.primaryKey } : target.returning;
  return {
    write: {
      kind: "insert",
      ...target,
      returning,
      columns,
      rows: payloadRows(payload),
      conflict,
      only: null,
      location,
    },
    read,
    conflicts: conflict !== null,
  };
}

/** Duplicates by the primary key, or by the columns that the client names. Without either there are none. */
function conflictOf({ request }: WriteRequest, table: Table): ConflictPlan | null {
  const { resolution } = request.preferences;
  const { onConflict } = request.query;
  if (resolution === undefined) return null;
  const columns = onConflict ?? table.primaryKey;
  for (const name of columns) if (!table.columns.has(name)) throw undefinedColumn(name);
  return columns.length === 0 ? null : { columns, resolution };
}

/** As the server would say it, without asking it about a name that is not in the catalog. */
function undefinedColumn(name: string): RestError {
  return RestError.raised(UNDEFINED_COLUMN, 400, { message: `column "${name}" does not exist` });
}

/** PUT: the row that the URL names by its whole primary key. */
function planUpsert(write: WriteRequest, table: Table): PlannedWrite {
  const { request, payload } = write;
  const keys = keyFilters(request, table);
  const columns = payloadColumns(write.catalog, table, payload, write.request.preferences.missing);
  if (!table.primaryKey.every((name) => columns.some((column) => column.name === name)))
    throw putKeyMismatch();
  const context = contextOf(write);
  const rowType = rowTypeOfTable(table);
  const { read, target } = targetOf(write, table);
  return {
    write: {
      kind: "insert",
      ...target,
      columns,
      rows: payloadRows(payload),
      conflict: { columns: table.primaryKey, resolution: "merge-duplicates" },
      only: keys.map((filter) => comparisonOf({ context, alias: PAYLOAD, rowType }, filter)),
      location: false,
    },
    read,
    conflicts: false,
  };
}

/** The filters, if they are `eq` on all columns of the primary key and nothing else. */
function keyFilters({ query }: ApiRequest, { primaryKey }: Table): readonly Filter[] {
  const filters = query.filters.filter(({ path }) => path.length === 0).map(({ item }) => item);
  const named = new Set(filters.filter(isEquality).map(({ field }) => field.name));
  const whole =
    primaryKey.length > 0 &&
    primaryKey.every((name) => named.has(name)) &&
    filters.length === primaryKey.length;
  if (!whole || query.logic.some(({ path }) => path.length === 0)) throw putFilters();
  return filters;
}

function isEquality({ field, negated, operation }: Filter): boolean {
  if (negated || field.path.length > 0 || operation.kind !== "quantified") return false;
  return operation.operator === "eq" && operation.quantifier === undefined;
}

// --- UPDATE -----------------------------------------------------------------------------------------------------

function planUpdate(write: WriteRequest, table: Table): PlannedWrite {
  const { payload } = write;
  const columns = payloadColumns(write.catalog, table, payload, write.request.preferences.missing);
  const { read, target } = targetOf(write, table);
  const where = whereOf(write, table, target.alias);
  return {
    write: { kind: "update", ...target, columns, rows: payloadRows(payload), where },
    read,
    conflicts: false,
  };
}

// --- What all have in common ------------------------------------------------------------------------------------

function targetOf(
  write: WriteRequest,
  table: Table,
): { readonly read: PlannedRead | null; readonly target: Target } {
  const { catalog, settings, request, output } = write;
  if (request.preferences.return !== "representation") {
    const alias = new Aliases().rows(table.name);
    return { read: null, target: { relation: table, alias, returning: { kind: "nothing" } } };
  }
  const { schema, query, range } = request;
  const root = { kind: "written", relation: table.name } as const;
  const planned = planRead({ catalog, settings, schema, root, query, range, output });
  const names = returnedNames(planned.plan, table);
  const read = names.size > table.columns.size ? writeOut(write, planned) : planned;
  const { alias } = read.plan;
  return { read, target: { relation: table, alias, returning: { kind: "columns", names: [...names] } } };
}

/** Only what the read needs, because RETURNING takes the right to read it (SQL command "INSERT"). */
function returnedNames(plan: ReadPlan, table: Table): Set<string> {
  const { all, named } = neededColumns(plan);
  const names = new Set(all ? table.columns.keys() : []);
  for (const name of named) names.add(name);
  return names;
}

/** Computed fields are returned beside the columns, and `*` means the columns alone. */
function writeOut(write: WriteRequest, { plan, ...read }: PlannedRead): PlannedRead {
  const level = { context: contextOf(write), alias: plan.alias, rowType: read.rowType };
  return { ...read, plan: { ...plan, outputs: writtenOut(level, plan.outputs) } };
}

/** The filters of the relation itself; those of what is embedded are the read's. */
function whereOf(write: WriteRequest, table: Table, alias: string): Condition[] {
  const { query } = write.request;
  const branch: Branch = {
    written: undefined,
    select: [],
    branches: [],
    filters: query.filters.filter(({ path }) => path.length === 0).map(({ item }) => item),
    logic: query.logic.filter(({ path }) => path.length === 0).map(({ item }) => item),
    order: [],
    range: undefined,
  };
  return conditionsOf(
    { context: contextOf(write), alias, rowType: rowTypeOfTable(table), drafts: [] },
    branch,
  );
}

function contextOf({ catalog, settings, request }: WriteRequest): Context {
  return {
    catalog,
    settings,
    schema: request.schema,
    formatters: new Map(),
    aliases: new Aliases(),
    legacyNames: [],
  };
}
