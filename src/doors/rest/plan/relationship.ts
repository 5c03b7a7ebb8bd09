/** Which relationship an embed means, or PostgREST's words for why none is found. */
import { findRelationship } from "../catalog/find/relationship.ts";
import type { Catalog, QualifiedName, Relationship } from "../catalog/types.ts";
import { ambiguousRelationship, noRelationship } from "../refusals.ts";

export interface Sought {
  readonly origin: QualifiedName;
  /** The schema of the request, for the message. */
  readonly schema: string;
  readonly target: string;
  readonly hint: string | undefined;
}

/** @throws PGRST200 when there is none, PGRST201 when there are several */
export function relationshipOf(catalog: Catalog, sought: Sought): Relationship {
  const found = findRelationship(catalog, sought.origin, sought.target, sought.hint);
  switch (found.kind) {
    case "found":
      return found.relationship;
    case "none":
      throw notFound(sought, found.suggestion);
    case "ambiguous":
      throw ambiguous(found.relationships, sought);
    default:
      return found satisfies never;
  }
}

function notFound({ origin, target, hint, schema }: Sought, similar: string | undefined) {
  return noRelationship({
    parent: origin.name,
    child: target,
    using: hint,
    schema,
    hint: similar === undefined ? undefined : `Perhaps you meant '${similar}' instead of '${target}'.`,
  });
}

function ambiguous(found: readonly Relationship[], { origin, target }: Sought) {
  const details = found.map((each) => ({
    cardinality: each.cardinality,
    relationship: described(each),
    embedding: `${each.origin.name} with ${each.target.name}`,
  }));
  const choices = found.map((each) => `'${each.target.name}!${handleOf(each)}'`);
  return ambiguousRelationship(origin.name, target, details, choices);
}

function handleOf(relationship: Relationship): string {
  switch (relationship.kind) {
    case "foreign-key":
      return relationship.constraint;
    case "junction":
      return relationship.junction.name;
    case "computed":
      return relationship.function.name;
    default:
      return relationship satisfies never;
  }
}

function described(relationship: Relationship): string {
  switch (relationship.kind) {
    case "foreign-key": {
      const { constraint, origin, target, columns } = relationship;
      return `${constraint} using ${origin.name}(${side(columns, 0)}) and ${target.name}(${side(columns, 1)})`;
    }
    case "junction": {
      const { junction, originConstraint, originColumns, targetConstraint, targetColumns } = relationship;
      return `${junction.name} using ${originConstraint}(${side(originColumns, 1)}) and ${targetConstraint}(${side(targetColumns, 1)})`;
    }
    case "computed":
      return relationship.function.name;
    default:
      return relationship satisfies never;
  }
}

function side(pairs: readonly (readonly [string, string])[], which: 0 | 1): string {
  return pairs.map((pair) => pair[which]).join(", ");
}
