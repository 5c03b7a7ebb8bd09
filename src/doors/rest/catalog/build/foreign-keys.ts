import type { ColumnPairs, ForeignKeyRelationship } from "../types.ts";
import type { Constraints, ForeignKey } from "./constraints.ts";
import type { Face, Faces } from "./faces.ts";

/**
 * A view can show a column of a composite key under several names, and every choice is a relationship of its own, as
 * clients name them by column. The product is cut off here: nobody can tell so many apart, and a view that shows
 * each of ten columns ten times would otherwise fill the memory.
 */
const MAX_CHOICES = 64;

/** What a foreign key relates: every face of the table that has it with every face of the table it points to. */
export function relationshipsOfKey(
  key: ForeignKey,
  faces: Faces,
  constraints: Constraints,
): readonly ForeignKeyRelationship[] {
  const cardinality = constraints.isUnique(key.from, key.fromColumns) ? "one-to-one" : "many-to-one";
  return exposed(faces, key.from).flatMap((from) =>
    exposed(faces, key.to).flatMap((to) =>
      choices(from, key.fromColumns, to, key.toColumns).map(
        (columns): ForeignKeyRelationship => ({
          kind: "foreign-key",
          cardinality,
          constraint: key.name,
          columns,
          holdsKey: true,
          origin: from.relation.name,
          target: to.relation.name,
          self: from.relation === to.relation,
          originIsView: from.isView,
          targetIsView: to.isView,
        }),
      ),
    ),
  );
}

/** The same relationship, seen from the table that the key points to. */
export function inverse(relationship: ForeignKeyRelationship): ForeignKeyRelationship {
  return {
    ...relationship,
    cardinality: relationship.cardinality === "one-to-one" ? "one-to-one" : "one-to-many",
    columns: relationship.columns.map(([mine, theirs]) => [theirs, mine] as const),
    holdsKey: false,
    origin: relationship.target,
    target: relationship.origin,
    originIsView: relationship.targetIsView,
    targetIsView: relationship.originIsView,
  };
}

function exposed(faces: Faces, table: string): readonly Face[] {
  return faces.of(table).filter(({ relation }) => relation.table.exposed);
}

/** Every way to pick a name for each column on both sides; none when a column is not shown. */
function choices(
  from: Face,
  fromColumns: readonly number[],
  to: Face,
  toColumns: readonly number[],
): readonly ColumnPairs[] {
  let found: ColumnPairs[] = [[]];
  for (const [at, number] of fromColumns.entries()) {
    const mine = from.names.get(number) ?? [];
    const theirs = to.names.get(toColumns[at] ?? 0) ?? [];
    found = found
      .flatMap((pairs) => mine.flatMap((a) => theirs.map((b): ColumnPairs => [...pairs, [a, b]])))
      .slice(0, MAX_CHOICES);
  }
  return found;
}
