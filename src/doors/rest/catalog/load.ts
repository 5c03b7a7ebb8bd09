import { ByName } from "./build/by-name.ts";
import { ConstraintReader } from "./build/constraints.ts";
import { type DataTypes, readDataType } from "./build/data-types.ts";
import { Faces, readView } from "./build/faces.ts";
import { readAggregateHandlers, routineHandlers } from "./build/media-handlers.ts";
import { type Relation, RelationReader } from "./build/relations.ts";
import { buildRelationships } from "./build/relationships.ts";
import { readRepresentations } from "./build/representations.ts";
import { readRoutine } from "./build/routines.ts";
import { type RowFunctions, readRowFunctions } from "./build/row-functions.ts";
import { readRoles } from "./build/settings.ts";
import { readSections, type Sections } from "./read/sections.ts";
import { Slices } from "./slices.ts";
import type { CatalogScope, CatalogSource } from "./source.ts";
import type { Catalog, Routine, Table } from "./types.ts";

/**
 * Loads a catalog: one small query for the server's version, and one statement, hence one snapshot, for the rest. What
 * comes back is worked through in slices, so that requests are served meanwhile.
 * @throws CatalogError when a schema does not exist, or whatever the source throws
 */
export async function loadCatalog(source: CatalogSource, scope: CatalogScope): Promise<Catalog> {
  const slices = new Slices();
  const { server, sections, fingerprint } = await readSections(source, scope, slices);
  const types: DataTypes = new Map(await each(sections.type, readDataType, slices));
  const constraints = new ConstraintReader();
  await each(sections.constraint, (payload) => constraints.read(payload), slices);
  const reader = new RelationReader(types);
  const relations = new Map(
    (await each(sections.table, (payload) => reader.read(payload), slices)).map((relation) => [
      relation.oid,
      relation,
    ]),
  );
  const views = new Map(await each(sections.view, readView, slices));
  const faces = await Faces.build(relations.values(), views, slices);
  const named = namedRelations(relations.values());
  const rowFunctions = readRowFunctions(sections["row-function"], {
    types,
    relations,
    relationNamed: (name) => named.get(name),
  });
  const tables = await finish(
    relations,
    rowFunctions,
    (relation) => faces.primaryKey(relation, views, constraints),
    slices,
  );
  const relationships = await buildRelationships(
    {
      constraints,
      faces,
      computed: rowFunctions.relationships,
      primaryKeyOf: (name) => tables.get(name)?.primaryKey ?? [],
    },
    slices,
  );
  const routines = await readRoutines(sections, types, scope, slices);
  return {
    fingerprint,
    schemas: scope.schemas,
    extraSearchPath: scope.extraSearchPath,
    server,
    tables: tables.maps,
    relationships: relationships.maps,
    routines: routines.maps,
    mediaHandlers: [
      ...readAggregateHandlers(sections.aggregate, types, relations),
      ...routineHandlers(all(routines), types),
    ],
    representations: readRepresentations(sections.cast, types),
    roles: readRoles(sections.role),
  };
}

/** One result for each item, in slices. */
async function each<T, R>(items: readonly T[], read: (item: T) => R, slices: Slices): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) {
    results.push(read(item));
    if (slices.due()) await slices.rest();
  }
  return results;
}

function namedRelations(relations: Iterable<Relation>): ByName<Relation> {
  const named = new ByName<Relation>();
  for (const relation of relations) named.set(relation.table, relation);
  return named;
}

async function finish(
  relations: ReadonlyMap<string, Relation>,
  { fields }: RowFunctions,
  primaryKey: (relation: Relation) => readonly string[],
  slices: Slices,
): Promise<ByName<Table>> {
  const tables = new ByName<Table>();
  for (const relation of relations.values()) {
    const table: Table = {
      ...relation.table,
      primaryKey: primaryKey(relation),
      computedFields: fields.get(relation.table) ?? NO_FIELDS,
    };
    tables.set(table, table);
    if (slices.due()) await slices.rest();
  }
  return tables;
}

const NO_FIELDS: Table["computedFields"] = new Map();

async function readRoutines(
  sections: Sections,
  types: DataTypes,
  scope: CatalogScope,
  slices: Slices,
): Promise<ByName<Routine[]>> {
  const hoisted = new Set(scope.hoistedSettings.map((name) => name.toLowerCase()));
  const routines = new ByName<Routine[]>();
  for (const payload of sections.routine) {
    const routine = readRoutine(payload, types, hoisted);
    routines.getOrAdd(routine, () => []).push(routine);
    if (slices.due()) await slices.rest();
  }
  for (const [, overloads] of routines.entries()) overloads.sort(compareOverloads);
  return routines;
}

/** Fewer parameters first, then by their types: a set order for the choices of an ambiguous call. */
function compareOverloads(a: Routine, b: Routine): number {
  const types = ({ parameters }: Routine) => parameters.map(({ type }) => type).join();
  return a.parameters.length - b.parameters.length || (types(a) < types(b) ? -1 : 1);
}

function* all(routines: ByName<Routine[]>): Generator<Routine> {
  for (const [, overloads] of routines.entries()) yield* overloads;
}
