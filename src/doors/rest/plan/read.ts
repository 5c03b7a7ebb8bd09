/**
 * ApiRequest + Catalog → ReadPlan. Every name is looked up here, and what cannot be found is refused in PostgREST's
 * words. No SQL is known here.
 */
import { findTable, suggestTable } from "../catalog/find/table.ts";
import type { Catalog, Table } from "../catalog/types.ts";
import { noTable } from "../refusals.ts";
import type { Query, Range } from "../request/types.ts";
import { Aliases } from "./aliases.ts";
import type { Branch, LegacyName } from "./branch.ts";
import { growBranches } from "./branch.ts";
import type { Context, ReadSettings } from "./context.ts";
import { planLevel } from "./level.ts";
import type { RowOutput } from "./representation.ts";
import type { RowType } from "./row-type.ts";
import { rowTypeOfTable } from "./row-type.ts";
import type { ReadPlan, RowSource } from "./types.ts";

/** Where the rows of the root come from. */
export type Root =
  | { readonly kind: "relation"; readonly relation: string }
  /** What a write returned: filters and range were the write's business, order and embeds are the read's. */
  | { readonly kind: "written"; readonly relation: string }
  /** What a function returns. */
  | {
      readonly kind: "called";
      readonly rowType: RowType;
      /** The FROM item is the call itself, so that its rows are of their named type. */
      readonly named: boolean;
    };

export interface ReadRequest {
  readonly catalog: Catalog;
  readonly settings: ReadSettings;
  readonly schema: string;
  readonly root: Root;
  readonly query: Query;
  readonly range: Range;
  /** Which domain representations apply, and whether `*` has to be written out. */
  readonly output: RowOutput;
}

export interface PlannedRead {
  readonly plan: ReadPlan;
  /** What a `Warning` header is to say. */
  readonly legacyNames: readonly LegacyName[];
  /** The root's rows. */
  readonly rowType: RowType;
}

export function planRead(request: ReadRequest): PlannedRead {
  const { catalog, settings, schema, root, query, output } = request;
  const rowType =
    root.kind === "called" ? root.rowType : rowTypeOfTable(exposedTable(catalog, schema, root.relation));
  const grown = growBranches(query, settings.legacyTargetNames);
  const context: Context = {
    catalog,
    settings,
    schema,
    formatters: formattersOf(catalog, output),
    aliases: new Aliases(),
    legacyNames: [...grown.legacyNames],
  };
  const plan = planLevel(context, {
    branch: rootBranch(grown.root, root, request.range),
    rowType,
    rows: rowSource(rowType, root),
    alias: context.aliases.rows(rowType.name),
    named: root.kind === "relation" || (root.kind === "called" && root.named),
    maxRows: root.kind === "written" ? null : settings.maxRows,
    writeOut: output === "csv",
    grouping: true,
  });
  return { plan, legacyNames: context.legacyNames, rowType };
}

function formattersOf({ representations }: Catalog, output: RowOutput): Context["formatters"] {
  switch (output) {
    case "json":
      return representations.toJson;
    case "csv":
      return representations.toText;
    case "raw":
      return NONE;
    default:
      return output satisfies never;
  }
}

const NONE: Context["formatters"] = new Map();

/** `select=` without anything is everything. */
function rootBranch(branch: Branch, root: Root, range: Range): Branch {
  const select = branch.select.length === 0 ? [{ kind: "all" } as const] : branch.select;
  if (root.kind !== "written") return { ...branch, select, range };
  return { ...branch, select, range: undefined, filters: [], logic: [] };
}

function rowSource(rowType: RowType, root: Root): RowSource {
  if (root.kind !== "relation" || rowType.relation === null) return { kind: "given" };
  return { kind: "relation", relation: rowType.relation };
}

/** The relation of the path, or PGRST205. */
export function exposedTable(catalog: Catalog, schema: string, name: string): Table {
  const table = findTable(catalog, { schema, name });
  if (table === undefined) throw noTable(schema, name, suggestTable(catalog, { schema, name }));
  return table;
}
