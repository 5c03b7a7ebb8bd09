import { viewColumns } from "../node-tree.ts";
import type { Slices } from "../slices.ts";
import type { Constraints } from "./constraints.ts";
import type { Relation } from "./relations.ts";

/**
 * How a base table can be seen: by itself, or through a view that shows columns of it as they are. Keys are properties
 * of base tables; what is embedded is their faces.
 */
export interface Face {
  readonly relation: Relation;
  readonly isView: boolean;
  /** The base table's column numbers → names in the relation; a view can show a column more than once. */
  readonly names: ReadonlyMap<number, readonly string[]>;
}

/** A column of a base table. */
interface Source {
  readonly relation: string;
  readonly column: number;
}

/** View oid → number of its column → what the column shows. */
export type ViewSources = ReadonlyMap<string, ReadonlyMap<number, Source>>;

/** What each view shows, as its parse tree says: a base table's column, or another view's. */
export function readView(payload: string): readonly [oid: string, columns: ReadonlyMap<number, Source>] {
  const space = payload.indexOf(" ");
  const columns = viewColumns(payload.slice(space + 1));
  return [payload.slice(0, space), new Map(columns.map(({ number, ...source }) => [number, source]))];
}

export class Faces {
  readonly #ofTable = new Map<string, Face[]>();
  readonly #ofRelation = new Map<string, Face[]>();

  /** The faces of every base table among the relations and, through their views, behind them. */
  static async build(relations: Iterable<Relation>, views: ViewSources, slices: Slices): Promise<Faces> {
    const faces = new Faces();
    for (const relation of relations) {
      for (const [table, face] of facesOf(relation, views)) faces.#add(table, face);
      if (slices.due()) await slices.rest();
    }
    return faces;
  }

  #add(table: string, face: Face): void {
    push(this.#ofTable, table, face);
    push(this.#ofRelation, face.relation.oid, face);
  }

  /** All ways to see a base table. */
  of(table: string): readonly Face[] {
    return this.#ofTable.get(table) ?? [];
  }

  /**
   * The primary key of a relation; of a view, the columns that show the whole primary key of a table, one after the
   * other for every table of which it does.
   */
  primaryKey(relation: Relation, views: ViewSources, { primaryKeys }: Constraints): readonly string[] {
    if (!views.has(relation.oid)) return names(relation.names, primaryKeys.get(relation.oid) ?? []);
    return facesOf(relation, views).flatMap(([table, face]) => {
      const key = primaryKeys.get(table);
      return key === undefined ? [] : firstNames(face, key);
    });
  }
}

function facesOf(relation: Relation, views: ViewSources): readonly (readonly [string, Face])[] {
  if (!views.has(relation.oid)) {
    const own = new Map([...relation.names].map(([number, name]) => [number, [name]]));
    return [[relation.oid, { relation, isView: false, names: own }]];
  }
  const byTable = new Map<string, Map<number, string[]>>();
  for (const [number, name] of relation.names) {
    const source = baseOf({ relation: relation.oid, column: number }, views);
    if (source === undefined) continue;
    const table = byTable.get(source.relation) ?? new Map<number, string[]>();
    byTable.set(source.relation, table);
    push(table, source.column, name);
  }
  return [...byTable].map(([table, shown]) => [table, { relation, isView: true, names: shown }]);
}

/** Follows a column through views to a base table; none when it is computed on the way, or the views go in a circle. */
function baseOf(start: Source, views: ViewSources): Source | undefined {
  const passed = new Set<string>();
  let at: Source | undefined = start;
  while (at !== undefined) {
    const view = views.get(at.relation);
    if (view === undefined) return at;
    if (passed.has(at.relation)) return undefined;
    passed.add(at.relation);
    at = view.get(at.column);
  }
  return undefined;
}

function names(known: ReadonlyMap<number, string>, numbers: readonly number[]): readonly string[] {
  return numbers.flatMap((number) => known.get(number) ?? []);
}

/** The first name of each column, or none at all when one is not shown. */
function firstNames(face: Face, numbers: readonly number[]): readonly string[] {
  const found = numbers.flatMap((number) => face.names.get(number)?.[0] ?? []);
  return found.length === numbers.length ? found : [];
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
