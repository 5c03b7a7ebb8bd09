/** What is known of the columns of rows: of a relation, or of what a function returns. */
import type { Catalog, ComputedField, QualifiedName, ReturnColumn, Table } from "../catalog/types.ts";
import { RestError } from "../errors.ts";
import type { Field } from "../request/types.ts";
import type { FieldPlan } from "./types.ts";

export interface RowColumn {
  readonly type: string;
  readonly nominalType: string;
}

export interface RowType {
  /** The relation or function, as messages call it. */
  readonly name: string;
  /** The relation whose relationships can be embedded, and whose row type the rows are; null: there is none. */
  readonly relation: QualifiedName | null;
  /** In order. */
  readonly columns: ReadonlyMap<string, RowColumn>;
  readonly computedFields: ReadonlyMap<string, ComputedField>;
  readonly hasSystemColumns: boolean;
}

export function rowTypeOfTable(table: Table): RowType {
  return {
    name: table.name,
    relation: table,
    columns: table.columns,
    computedFields: table.computedFields,
    hasSystemColumns: table.kind !== "view" && table.kind !== "composite",
  };
}

/** Of a function that names its columns itself. */
export function rowTypeOfColumns(name: string, columns: readonly ReturnColumn[]): RowType {
  return {
    name,
    relation: null,
    columns: new Map(columns.map((column) => [column.name, { type: column.type, nominalType: column.type }])),
    computedFields: new Map(),
    hasSystemColumns: false,
  };
}

export function rowTypeOf(catalog: Catalog, { schema, name }: QualifiedName): RowType {
  const table = catalog.tables.get(schema)?.get(name);
  return table === undefined ? rowTypeOfColumns(name, []) : rowTypeOfTable(table);
}

/** "PostgreSQL Error Codes". */
export const UNDEFINED_COLUMN = "42703";

/** "System Columns". They are in no catalog of ours, and harmless to read. */
const SYSTEM_COLUMNS: ReadonlyMap<string, RowColumn> = new Map(
  (
    [
      ["ctid", "tid"],
      ["xmin", "xid"],
      ["xmax", "xid"],
      ["cmin", "cid"],
      ["cmax", "cid"],
      ["tableoid", "oid"],
    ] as const
  ).map(([name, type]) => [name, { type, nominalType: type }]),
);

/**
 * The column of that name, or what the server would say of it: names that the catalog has not never get into SQL,
 * where `row.name` would also call any function that takes the row.
 */
export function columnOf(rowType: RowType, alias: string, name: string): RowColumn {
  const column = rowType.columns.get(name) ?? systemColumn(rowType, name);
  if (column !== undefined) return column;
  const computed = rowType.computedFields.get(name);
  if (computed !== undefined) return { type: computed.type, nominalType: computed.type };
  throw RestError.raised(UNDEFINED_COLUMN, 400, { message: `column ${alias}.${name} does not exist` });
}

function systemColumn(rowType: RowType, name: string): RowColumn | undefined {
  return rowType.hasSystemColumns ? SYSTEM_COLUMNS.get(name) : undefined;
}

export function hasColumn(rowType: RowType, name: string): boolean {
  return (
    rowType.columns.has(name) || rowType.computedFields.has(name) || systemColumn(rowType, name) !== undefined
  );
}

export function fieldOf(rowType: RowType, alias: string, field: Field): FieldPlan {
  const { type } = columnOf(rowType, alias, field.name);
  return { alias, column: field.name, path: field.path, toJson: type !== "json" && type !== "jsonb" };
}
