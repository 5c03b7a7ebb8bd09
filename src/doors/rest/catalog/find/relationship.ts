import type { Catalog, QualifiedName, Relationship } from "../types.ts";
import { mostSimilar } from "./similarity.ts";

/** What a client meant by `target` or `target!hint` in a select list. */
export type RelationshipSearch =
  | { readonly kind: "found"; readonly relationship: Relationship }
  /** `suggestion`: the target that was most likely meant. */
  | { readonly kind: "none"; readonly suggestion: string | undefined }
  | { readonly kind: "ambiguous"; readonly relationships: readonly Relationship[] };

const LEAST_SIMILARITY = 0.33;

/**
 * The relationship of `origin` with what a client calls `target`: a relation's name, or in place of it the foreign
 * key's name or its column; or the function's name of a computed relationship, which goes before all others so that
 * it can replace what was detected.
 * @param hint the foreign key, its column or the junction, where the target alone is ambiguous
 */
export function findRelationship(
  catalog: Catalog,
  origin: QualifiedName,
  target: string,
  hint?: string,
): RelationshipSearch {
  const all = relationshipsOf(catalog, origin);
  const computed = all.filter((one) => one.kind === "computed" && one.function.name === target);
  const relationships = computed.length > 0 ? computed : all.filter((one) => matches(one, target, hint));
  const [first, second] = relationships;
  if (first === undefined) return { kind: "none", suggestion: suggestion(all, target) };
  if (second === undefined) return { kind: "found", relationship: first };
  return { kind: "ambiguous", relationships };
}

/** All relationships of an exposed relation, in the order in which they are told to clients. */
export function relationshipsOf(catalog: Catalog, { schema, name }: QualifiedName): readonly Relationship[] {
  return catalog.relationships.get(schema)?.get(name) ?? [];
}

function matches(one: Relationship, target: string, hint: string | undefined): boolean {
  if (one.kind === "computed") return false;
  if (hint === undefined) return isTarget(one, target) || isKey(one, target);
  return isTarget(one, target) && isHint(one, hint);
}

/** By the relation's name. Of a self reference that means its children: the parent is named by the column. */
function isTarget(one: Exclude<Relationship, { kind: "computed" }>, target: string): boolean {
  if (one.target.name !== target) return false;
  return !(one.self && one.kind === "foreign-key" && one.holdsKey && one.cardinality === "many-to-one");
}

/**
 * By the foreign key or its column in place of a relation's name. A view is not meant by it, or every new view would
 * make it ambiguous; only a self reference of a view has nothing else to mean.
 */
function isKey(one: Relationship, target: string): boolean {
  if (one.kind !== "foreign-key" || (one.targetIsView && !one.self)) return false;
  if (one.constraint === target) return one.holdsKey || !one.self;
  return (one.holdsKey || one.cardinality === "one-to-one") && onlyPair(one)?.[0] === target;
}

/** A foreign key of one column is told by its column on either side. */
function isHint(one: Exclude<Relationship, { kind: "computed" }>, hint: string): boolean {
  if (one.kind === "junction") return one.junction.name === hint;
  return one.constraint === hint || onlyPair(one)?.includes(hint) === true;
}

function onlyPair({ columns }: Extract<Relationship, { kind: "foreign-key" }>) {
  return columns.length === 1 ? columns[0] : undefined;
}

/** None when the target is right and only the hint is wrong. */
function suggestion(all: readonly Relationship[], target: string): string | undefined {
  const names = new Set(all.map((one) => (one.kind === "computed" ? one.function.name : one.target.name)));
  return names.has(target) ? undefined : mostSimilar(target, names, LEAST_SIMILARITY);
}
