/**
 * ApiRequest + Payload + Catalog → what is written, and the read of what it returns. Every name is looked up here.
 * Whether the role may write is PostgreSQL's decision, and so is every constraint.
 */
import type { Catalog, Column, QualifiedName, Table } from "../catalog/types.ts";
import { RestError } from "../errors.ts";
import { noColumn, putFilters, putKeyMismatch } from "../refusals.ts";
import type { ApiRequest, Filter, Payload, Preferences, Resolution } from "../request/types.ts";
import { Aliases } from "./aliases.ts";
import type { Branch } from "./branch.ts";
import { neededColumns } from "./columns.ts";
import { comparisonOf, conditionsOf } from "./conditions.ts";
import type { Context, ReadSettings } from "./context.ts";
import { writtenOut } from "./outputs.ts";
import type { PayloadColumn, PayloadRows } from "./payload.ts";
import { payloadNames, payloadRows } from "./payload.ts";
import type { PlannedRead } from "./read.ts";
import { exposedTable, planRead } from "./read.ts";
import type { RowOutput } from "./representation.ts";
import { rowTypeOfTable } from "./row-type.ts";
import type { Comparison, Condition, ReadPlan } from "./types.ts";

export type MutatePlan = InsertPlan | UpdatePlan | DeletePlan;

interface Target {
  readonly relation: QualifiedName;
  /** How conditions and RETURNING call the relation's rows. */
  readonly alias: string;
  readonly returning: Returning;
}

export interface InsertPlan extends Target {
  readonly kind: "insert";
  readonly columns: readonly PayloadColumn[];
  readonly rows: PayloadRows;
  readonly conflict: ConflictPlan | null;
  /** PUT: the first object alone, and only when it has the key that the URL names. */
  readonly only: readonly Comparison[] | null;
  /** What is returned is the primary key of the new row, for `Location`. */
  readonly location: boolean;
}

export interface ConflictPlan {
  readonly columns: readonly string[];
  readonly resolution: Resolution;
}

export interface UpdatePlan extends Target {
  readonly kind: "update";
  readonly columns: readonly PayloadColumn[];
  readonly rows: PayloadRows;
  readonly where: readonly Condition[];
}

export interface DeletePlan extends Target {
  readonly kind: "delete";
  readonly where: readonly Condition[];
}

/** What is known of the rows after they were written. */
export type Returning =
  /** How many they are. */
  { readonly kind: "nothing" } | { readonly kind: "columns"; readonly names: readonly string[] };

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
  /** Those that have a meaning for this request, for `Preference-Applied`. */
  readonly preferences: Preferences;
}

/** Names of rows that no relation has: see `Aliases`. */
export const PAYLOAD = "_payload";

/** @throws RestError PGRST105, 115, 204, 205, and those of a read */
export function planMutate(write: WriteRequest): PlannedWrite {
  const { request } = write;
  const { action, preferences } = request;
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
      const plan: DeletePlan = { kind: "delete", ...target, where: whereOf(write, table, target.alias) };
      return {
        write: plan,
        read,
        preferences: { ...preferences, resolution: undefined, missing: undefined },
      };
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
  const columns = columnsOf(write, table, payload);
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
    preferences: {
      ...preferences,
      resolution: conflict?.resolution,
      maxAffected: undefined,
    },
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
  return RestError.raised("42703", 400, { message: `column "${name}" does not exist` });
}

/** PUT: the row that the URL names by its whole primary key. */
function planUpsert(write: WriteRequest, table: Table): PlannedWrite {
  const { request, payload } = write;
  const keys = keyFilters(request, table);
  const columns = columnsOf(write, table, payload);
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
    preferences: {
      ...request.preferences,
      resolution: undefined,
      missing: undefined,
      maxAffected: undefined,
    },
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
  const columns = columnsOf(write, table, payload);
  const { read, target } = targetOf(write, table);
  const where = whereOf(write, table, target.alias);
  const { preferences } = write.request;
  return {
    write: { kind: "update", ...target, columns, rows: payloadRows(payload), where },
    read,
    preferences: { ...preferences, resolution: undefined },
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

/** The columns that the body fills. Those of `columns` may be missing in an object. */
function columnsOf({ catalog, request }: WriteRequest, table: Table, payload: Payload): PayloadColumn[] {
  const byDefault = payload.kind === "unread-json" && request.preferences.missing === "default";
  const { fromJson } = catalog.representations;
  return payloadNames(payload).map((name) => {
    const column = table.columns.get(name);
    if (column === undefined) throw noColumn(table.name, name);
    const parser = fromJson.get(column.nominalType) ?? null;
    const type = parser === null ? readType(column, byDefault) : "json";
    return { name, type, parser, missing: byDefault ? column.defaultExpression : null };
  });
}

/** Types whose names without a length mean a length of one. */
const ONE_WIDE: ReadonlySet<string> = new Set(["bit", "character"]);

/**
 * A domain is only checked when the value is written: where a default may stand for it, a missing value is none of the
 * domain's yet.
 */
function readType({ type, nominalType }: Column, byDefault: boolean): string {
  return byDefault && !ONE_WIDE.has(type) ? type : nominalType;
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
