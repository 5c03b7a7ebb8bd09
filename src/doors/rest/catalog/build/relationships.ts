import type { Slices } from "../slices.ts";
import type {
  Cardinality,
  ComputedRelationship,
  ForeignKeyRelationship,
  QualifiedName,
  Relationship,
} from "../types.ts";
import { ByName } from "./by-name.ts";
import type { Constraints } from "./constraints.ts";
import type { Faces } from "./faces.ts";
import { inverse, relationshipsOfKey } from "./foreign-keys.ts";
import { relationshipsThrough } from "./junctions.ts";

interface Known {
  readonly constraints: Constraints;
  readonly faces: Faces;
  readonly computed: readonly ComputedRelationship[];
  primaryKeyOf(relation: QualifiedName): readonly string[];
}

/** All relationships between exposed relations of one schema, by origin. */
export async function buildRelationships(known: Known, slices: Slices): Promise<ByName<Relationship[]>> {
  const found = new ByName<Relationship[]>();
  const fromJunction = new ByName<ForeignKeyRelationship[]>();
  const add = (relationship: Relationship) => {
    if (relationship.origin.schema === relationship.target.schema)
      found.getOrAdd(relationship.origin, () => []).push(relationship);
  };
  for (const key of known.constraints.foreignKeys) {
    for (const relationship of relationshipsOfKey(key, known.faces, known.constraints)) {
      add(relationship);
      add(inverse(relationship));
      if (relationship.cardinality === "many-to-one")
        fromJunction.getOrAdd(relationship.origin, () => []).push(relationship);
    }
    if (slices.due()) await slices.rest();
  }
  for (const [junction, keys] of fromJunction.entries()) {
    if (keys.length > 1) for (const one of relationshipsThrough(keys, known.primaryKeyOf(junction))) add(one);
    if (slices.due()) await slices.rest();
  }
  for (const one of known.computed) add(one);
  for (const [, list] of found.entries()) {
    list.sort(compare);
    if (slices.due()) await slices.rest();
  }
  return found;
}

/** The order in which an ambiguous request is told its choices. */
const ORDER: Readonly<Record<Cardinality, number>> = {
  "one-to-many": 0,
  "many-to-one": 1,
  "one-to-one": 2,
  "many-to-many": 3,
};

function compare(a: Relationship, b: Relationship): number {
  return (
    byText(a.target.name, b.target.name) ||
    ORDER[a.cardinality] - ORDER[b.cardinality] ||
    byText(distinction(a), distinction(b))
  );
}

function distinction(one: Relationship): string {
  switch (one.kind) {
    case "foreign-key":
      return [one.constraint, ...one.columns.flat()].join("\0");
    case "junction":
      return [one.junction.name, one.originConstraint, one.targetConstraint].join("\0");
    case "computed":
      return one.function.name;
    default:
      return one satisfies never;
  }
}

/** By code units: the same everywhere, unlike an order by locale, and fast. */
function byText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
