/**
 * The tree that `select` draws: the rows of the request and what is embedded in them, each with the filters, order and
 * range that the query string has for it. Names are still what the client wrote.
 */
import { badQuery, notEmbedded } from "../refusals.ts";
import type {
  Filter,
  JoinType,
  LogicGroup,
  LogicTree,
  OrderTerm,
  Placed,
  Query,
  Range,
  SelectItem,
} from "../request/types.ts";

export interface Branch {
  /** Undefined for the root. */
  readonly written: Written | undefined;
  readonly select: readonly SelectItem[];
  /** In the order of `select`. */
  readonly branches: Branch[];
  readonly filters: Filter[];
  readonly logic: LogicGroup[];
  readonly order: OrderTerm[];
  range: Range | undefined;
}

/** How an embed was asked for. */
export interface Written {
  readonly relation: string;
  readonly alias: string | undefined;
  readonly hint: string | undefined;
  readonly join: JoinType | undefined;
  readonly spread: boolean;
}

/** A parameter named an embed by its target although it has an alias (`url-use-legacy-target-names`). */
export interface LegacyName {
  readonly name: string;
  readonly alias: string;
}

/** Each embed is a subquery that the planner must plan, at a cost that grows faster than their number. */
const MAX_EMBEDS = 64;
/** Conditions, over the whole tree; `in` and `any` count as one, whatever their length. */
const MAX_CONDITIONS = 1000;

export interface Grown {
  readonly root: Branch;
  readonly legacyNames: readonly LegacyName[];
}

/** @param legacy whether a target's own name works where it has an alias */
export function growBranches(query: Query, legacy: boolean): Grown {
  const root = branchOf(undefined, query.select, { embeds: 0 });
  const legacyNames: LegacyName[] = [];
  const at = (path: readonly string[]) => descend(root, path, legacy, legacyNames);
  let conditions = 0;
  for (const { path, item } of query.filters) {
    conditions += 1;
    at(path).filters.push(item);
  }
  for (const { path, item } of query.logic) {
    conditions += leaves(item);
    at(path).logic.push(item);
  }
  if (conditions > MAX_CONDITIONS)
    throw badQuery(
      `"failed to parse filters (${conditions} conditions)" (line 1, column 1)`,
      `at most ${MAX_CONDITIONS} conditions`,
    );
  for (const { path, item } of query.order) at(path).order.push(...item);
  placeRanges(query.ranges, at);
  return { root, legacyNames };
}

function placeRanges(ranges: readonly Placed<Range>[], at: (path: readonly string[]) => Branch): void {
  for (const { path, item } of ranges) at(path).range = item;
}

function branchOf(
  written: Written | undefined,
  select: readonly SelectItem[],
  seen: { embeds: number },
): Branch {
  const branches: Branch[] = [];
  for (const item of select) {
    if (item.kind !== "relation" && item.kind !== "spread") continue;
    seen.embeds += 1;
    if (seen.embeds > MAX_EMBEDS)
      throw badQuery(
        `"failed to parse select parameter (too many embedded relations)" (line 1, column 1)`,
        `at most ${MAX_EMBEDS} embedded relations`,
      );
    const { relation, hint, join } = item;
    const alias = item.kind === "relation" ? item.alias : undefined;
    branches.push(
      branchOf({ relation, alias, hint, join, spread: item.kind === "spread" }, item.select, seen),
    );
  }
  return { written, select, branches, filters: [], logic: [], order: [], range: undefined };
}

function leaves(tree: LogicTree): number {
  if (tree.kind === "filter") return 1;
  return tree.children.reduce((sum, child) => sum + leaves(child), 0);
}

function descend(root: Branch, path: readonly string[], legacy: boolean, legacyNames: LegacyName[]): Branch {
  let branch = root;
  for (const step of path) branch = childOf(branch, step, legacy, legacyNames);
  return branch;
}

/** The embed of that name, or PGRST108. */
function childOf(branch: Branch, name: string, legacy: boolean, legacyNames: LegacyName[]): Branch {
  const found = branch.branches.find((child) => shownName(child) === name);
  if (found !== undefined) return found;
  const aliased = branch.branches.find((child) => child.written?.relation === name);
  const alias = aliased?.written?.alias;
  if (aliased === undefined || alias === undefined) throw notEmbedded(name);
  if (!legacy) throw notEmbedded(name, { name, alias });
  legacyNames.push({ name, alias });
  return aliased;
}

/** What filters, order and ranges call it. */
export function shownName({ written }: Branch): string {
  return written?.alias ?? written?.relation ?? "";
}
