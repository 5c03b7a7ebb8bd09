/** One level of the tree, and by recursion what is embedded in it. */
import type { Relationship } from "../catalog/types.ts";
import type { Branch } from "./branch.ts";
import { shownName } from "./branch.ts";
import { conditionsOf } from "./conditions.ts";
import type { Context, Draft } from "./context.ts";
import { orderOf } from "./order.ts";
import { isAggregated, outputsOf, spreadOutputs, writtenOut } from "./outputs.ts";
import { relationshipOf } from "./relationship.ts";
import type { RowType } from "./row-type.ts";
import { rowTypeOf } from "./row-type.ts";
import type { EmbedShape, JoinCondition, Output, ReadPlan, RowSource } from "./types.ts";

export interface LevelRequest {
  readonly branch: Branch;
  readonly rowType: RowType;
  readonly rows: RowSource;
  readonly alias: string;
  /** The rows are of the relation's named type, so that functions take them as they are. */
  readonly named: boolean;
  readonly maxRows: number | null;
  /** `*` has to be written out. */
  readonly writeOut: boolean;
  /** False in a to-one spread, whose aggregates are the parent's. */
  readonly grouping: boolean;
}

export function planLevel(context: Context, request: LevelRequest): ReadPlan {
  const { branch, rowType, rows, alias } = request;
  const drafts = branch.branches.map((child) => draftEmbed(context, request, child));
  const level = { context, alias, rowType, drafts };
  const selected = outputsOf(level, branch, drafts);
  const grouped = request.grouping && isAggregated(selected);
  const spread = drafts.some(({ shape }) => shape === "arrays");
  const outputs = grouped || spread || request.writeOut ? writtenOut(level, selected) : selected;
  const where = conditionsOf(level, branch);
  const order = orderOf(level, branch.order);
  const limit = smaller(branch.range?.limit, request.maxRows);
  const offset = branch.range?.offset ?? 0;
  return { alias, rows, outputs, where, order, limit, offset, grouped, embeds: drafts };
}

function smaller(asked: number | undefined, most: number | null): number | null {
  if (asked === undefined) return most;
  return most === null ? asked : Math.min(asked, most);
}

function draftEmbed(context: Context, parent: LevelRequest, branch: Branch): Draft {
  const { relation = "", alias: written, hint, join, spread = false } = branch.written ?? {};
  const origin = parent.rowType.relation ?? { schema: context.schema, name: parent.rowType.name };
  const relationship = relationshipOf(context.catalog, {
    origin,
    schema: context.schema,
    target: relation,
    hint,
  });
  const toOne = relationship.cardinality === "many-to-one" || relationship.cardinality === "one-to-one";
  const rowType = rowTypeOf(context.catalog, relationship.target);
  const plan = planLevel(context, {
    branch,
    rowType,
    rows: rowsOf(relationship, parent),
    alias: context.aliases.rows(relationship.target.name),
    named: true,
    maxRows: toOne ? null : context.settings.maxRows, // a limit would keep the planner from a plain join
    writeOut: spread,
    grouping: !(spread && toOne),
  });
  const alias = context.aliases.embed();
  const common = {
    alias,
    join: joinOf(context, relationship, parent.alias),
    toOne,
    inner: join === "inner",
    helpers: [],
    name: shownName(branch),
    relation,
    aliased: written !== undefined,
    rowType,
  };
  if (spread) {
    const { inner, outer } = spreadOutputs(plan.outputs, alias, toOne);
    const shape: EmbedShape = inner.length === 0 ? "hidden" : toOne ? "columns" : "arrays";
    return { ...common, plan: { ...plan, outputs: inner }, shape, shown: outer };
  }
  const shape: EmbedShape = plan.outputs.length === 0 ? "hidden" : toOne ? "object" : "array";
  const draft = { ...common, plan, shape, shown: [] as Output[] };
  if (shape !== "hidden") {
    const value = { kind: "embed", embed: draft } as const;
    draft.shown.push({ kind: "value", name: draft.name, value, cast: null, aggregate: null });
  }
  return draft;
}

function rowsOf(relationship: Relationship, parent: LevelRequest): RowSource {
  if (relationship.kind !== "computed") return { kind: "relation", relation: relationship.target };
  const { function: called, origin } = relationship;
  const rowOf = parent.named ? null : [...parent.rowType.columns.keys()];
  return { kind: "computed", function: called, origin, parentAlias: parent.alias, rowOf };
}

function joinOf(context: Context, relationship: Relationship, parentAlias: string): JoinCondition {
  switch (relationship.kind) {
    case "foreign-key":
      return { kind: "columns", parentAlias, pairs: relationship.columns };
    case "junction": {
      const { junction, originColumns, targetColumns } = relationship;
      const junctionAlias = context.aliases.rows(junction.name);
      return {
        kind: "junction",
        parentAlias,
        junction,
        junctionAlias,
        parentPairs: originColumns,
        targetPairs: targetColumns,
      };
    }
    case "computed":
      return { kind: "none" };
    default:
      return relationship satisfies never;
  }
}
