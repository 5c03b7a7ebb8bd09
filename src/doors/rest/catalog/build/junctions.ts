import type { ForeignKeyRelationship, JunctionRelationship } from "../types.ts";

/**
 * The many-to-many relationships through a junction, given the many-to-one relationships that begin there: each two of
 * different foreign keys whose columns all belong to the junction's primary key. Without that a junction's rows could
 * repeat a pair, and any table with two foreign keys would be one.
 */
export function relationshipsThrough(
  keys: readonly ForeignKeyRelationship[],
  primaryKey: readonly string[],
): readonly JunctionRelationship[] {
  const within = keys.filter(({ columns }) => columns.every(([mine]) => primaryKey.includes(mine)));
  return within.flatMap((toOrigin) =>
    within.filter((toTarget) => relates(toOrigin, toTarget)).map((toTarget) => through(toOrigin, toTarget)),
  );
}

/** Requests stay within one schema, whatever schema the junction is in. */
function relates(a: ForeignKeyRelationship, b: ForeignKeyRelationship): boolean {
  return a.constraint !== b.constraint && a.target.schema === b.target.schema;
}

function through(toOrigin: ForeignKeyRelationship, toTarget: ForeignKeyRelationship): JunctionRelationship {
  return {
    kind: "junction",
    cardinality: "many-to-many",
    origin: toOrigin.target,
    target: toTarget.target,
    self: toOrigin.target.name === toTarget.target.name,
    originIsView: toOrigin.targetIsView,
    targetIsView: toTarget.targetIsView,
    junction: toOrigin.origin,
    originConstraint: toOrigin.constraint,
    originColumns: toOrigin.columns.map(([junction, origin]) => [origin, junction] as const),
    targetConstraint: toTarget.constraint,
    targetColumns: toTarget.columns.map(([junction, target]) => [target, junction] as const),
  };
}
