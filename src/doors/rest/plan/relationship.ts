/**
 * Which relationship an embed means ("Resource Embedding" in PostgREST's documentation). The target may be named by
 * the relation, by the foreign key's constraint or by its one column; `!hint` tells apart what is left.
 */
import type { Catalog, ForeignKeyRelationship, QualifiedName, Relationship } from "../catalog/types.ts";
import { ambiguousRelationship, noRelationship } from "../refusals.ts";
import { similarName } from "./similar.ts";

export interface Sought {
  readonly origin: QualifiedName;
  /** The schema of the request: what is embedded has to be in it. */
  readonly schema: string;
  readonly target: string;
  readonly hint: string | undefined;
}

export function relationshipOf(catalog: Catalog, sought: Sought): Relationship {
  const { origin, target } = sought;
  const all = catalog.relationships.get(origin.schema)?.get(origin.name) ?? [];
  const computed = all.find((each) => each.kind === "computed" && each.function.name === target);
  if (computed !== undefined) return computed; // it overrides what foreign keys say
  const found = all.filter((each) => each.target.schema === sought.schema && isMeant(each, sought));
  const [only, another] = found;
  if (only === undefined) throw notFound(all, sought);
  if (another !== undefined) throw ambiguous(found, sought);
  return only;
}

function isMeant(relationship: Relationship, { target, hint }: Sought): boolean {
  if (relationship.kind === "computed") return false;
  const byName = relationship.target.name === target;
  if (relationship.self) return isMeantOfSelf(relationship, byName, target, hint);
  if (hint !== undefined) return byName && isHinted(relationship, hint);
  if (byName) return true;
  return relationship.kind === "foreign-key" && !relationship.targetIsView && isKey(relationship, target);
}

/**
 * A foreign key of a relation to itself is two relationships with the same names. By convention the relation's name
 * means the many, and the key's name the one.
 */
function isMeantOfSelf(
  relationship: Relationship,
  byName: boolean,
  target: string,
  hint: string | undefined,
): boolean {
  if (relationship.kind !== "foreign-key")
    return byName && hint !== undefined && isHinted(relationship, hint);
  if (relationship.cardinality === "many-to-one")
    return hint === undefined && !byName && isKey(relationship, target);
  return byName && (hint === undefined || isHinted(relationship, hint));
}

/** The target is the constraint, or the one column of the foreign key where it leads to one row. */
function isKey(relationship: ForeignKeyRelationship, name: string): boolean {
  if (relationship.constraint === name) return true;
  const [only, another] = relationship.columns;
  return relationship.cardinality !== "one-to-many" && another === undefined && only?.[0] === name;
}

function isHinted(relationship: Relationship, hint: string): boolean {
  switch (relationship.kind) {
    case "foreign-key": {
      const [only, another] = relationship.columns;
      const byColumn = another === undefined && (only?.[0] === hint || only?.[1] === hint);
      return relationship.constraint === hint || byColumn;
    }
    case "junction":
      return relationship.junction.name === hint;
    case "computed":
      return false;
    default:
      return relationship satisfies never;
  }
}

function notFound(all: readonly Relationship[], { origin, target, hint, schema }: Sought) {
  const names = all
    .filter((each) => each.target.schema === schema)
    .map((each) => (each.kind === "computed" ? each.function.name : each.target.name));
  const similar = names.includes(target) ? undefined : similarName(target, names);
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
