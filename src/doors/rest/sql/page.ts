import type { EmbedPlan, Output, ReadPlan } from "../plan/types.ts";
import type { Sql } from "./fragment.ts";
import { identifier, integer, qualified, sql } from "./fragment.ts";

/** A level whose page is cut before anything is made for rows that are not on it. */
export interface Page {
  /** The rows of the page: each output under a name of its own, and each spread to many as one array. */
  readonly plan: ReadPlan;
  /** What is shown of them. */
  readonly columns: readonly Sql[];
  readonly alias: Sql;
}

const PAGE = "_page";

/**
 * A lateral join runs for every row that ORDER BY sorts, but a spread to many has several columns, and a scalar subquery
 * has one. So where only some rows are shown, all columns of such a spread are one array in the select list, which is
 * taken apart around the page. Undefined where there is no such spread, or all rows are shown.
 */
export function pageOf(plan: ReadPlan): Page | undefined {
  const spreads = plan.embeds.filter(({ shape }) => shape === "arrays");
  if (spreads.length === 0 || (plan.limit === null && plan.offset === 0)) return undefined;
  const outputs: Output[] = [];
  const columns = plan.outputs.map((output) => {
    if (output.kind === "all") throw new TypeError("`*` beside a spread was not written out");
    const item = itemOf(output, spreads);
    if (item !== undefined) return sql`${item} AS ${identifier(output.name)}`;
    const name = `_${outputs.length + 1}`; // the client's need not be different
    outputs.push({ ...output, name });
    return sql`${qualified(PAGE, name)} AS ${identifier(output.name)}`;
  });
  const packed = new Map(spreads.map((spread) => [spread, { ...spread, shape: "packed" } as const]));
  for (const embed of packed.values())
    outputs.push({ kind: "value", name: embed.alias, value: { kind: "embed", embed }, ...AS_IT_IS });
  const embeds = plan.embeds.map((embed) => packed.get(embed) ?? embed);
  return { plan: { ...plan, outputs, embeds }, columns, alias: identifier(PAGE) };
}

const AS_IT_IS = { cast: null, aggregate: null } as const;

/** Where a column that a spread exports is in its array. */
function itemOf(output: Output, spreads: readonly EmbedPlan[]): Sql | undefined {
  if (output.kind !== "value" || output.value.kind !== "export") return undefined;
  const { alias, column } = output.value;
  const spread = spreads.find((one) => one.alias === alias);
  if (spread === undefined) return undefined;
  const at = spread.plan.outputs.findIndex((own) => own.kind !== "all" && own.name === column);
  return sql`${qualified(PAGE, alias)}[${integer(at + 1)}]`;
}
