import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findRelationship } from "../../../../../src/doors/rest/catalog/find/relationship.ts";
import { type CallArguments, findRoutine } from "../../../../../src/doors/rest/catalog/find/routine.ts";
import { findTable, suggestTable } from "../../../../../src/doors/rest/catalog/find/table.ts";
import type { Catalog, Relationship } from "../../../../../src/doors/rest/catalog/types.ts";
import { readCatalog } from "../../../../support/catalog.ts";
import { startPostgres, type TestPostgres } from "../../../../support/postgres.ts";
import { ARCHIVE } from "./fixture.ts";

let server: TestPostgres;
let catalog: Catalog;
before(async () => {
  server = await startPostgres({ tls: false, sql: ARCHIVE });
  catalog = await readCatalog({ port: server.port, user: "test_admin", database: "postgres" });
});
after(() => server.stop());

/** What tells one relationship from another. */
function by(one: Relationship): string {
  if (one.kind === "junction") return `${one.cardinality} ${one.junction.name}`;
  if (one.kind === "computed") return `${one.cardinality} ${one.function.name}()`;
  return `${one.cardinality} ${one.target.name} ${one.constraint} ${one.columns.join(" ")}`;
}

function embed(origin: string, target: string): string | readonly string[] {
  const [name = "", hint] = target.split("!");
  const found = findRelationship(catalog, { schema: "api", name: origin }, name, hint);
  if (found.kind === "none")
    return found.suggestion === undefined ? "none" : `none; perhaps ${found.suggestion}`;
  return found.kind === "found" ? by(found.relationship) : found.relationships.map(by);
}

const EMBEDS: readonly (readonly [origin: string, target: string, found: string | readonly string[]])[] = [
  // by the relation's name
  ["films", "directors", "many-to-one directors films_director director_id,id"],
  ["directors", "films", "one-to-many films films_director id,director_id"],
  ["films", "specs", "one-to-one specs specs_film_id_fkey id,film_id"],
  ["specs", "films", "one-to-one films specs_film_id_fkey film_id,id"],
  // by the foreign key, and by its column
  ["films", "films_director", "many-to-one directors films_director director_id,id"],
  ["films", "director_id", "many-to-one directors films_director director_id,id"],
  ["specs", "film_id", "one-to-one films specs_film_id_fkey film_id,id"],
  ["orders", "billing", "many-to-one addresses billing billing_id,id"],
  ["orders", "shipping_id", "many-to-one addresses shipping shipping_id,id"],
  ["addresses", "billing", "one-to-many orders billing id,billing_id"],
  ["shifts", "first_shift", "one-to-many visits first_shift unit,first_unit day,first_day"],
  // one to one, by the column that the other side refers to
  ["films", "id", "one-to-one specs specs_film_id_fkey id,film_id"],
  // the column is on the other side
  ["directors", "director_id", "none"],
  // a key of two columns has no column to be named by
  ["visits", "first_unit", "none"],
  // by a hint
  [
    "addresses",
    "orders",
    ["one-to-many orders billing id,billing_id", "one-to-many orders shipping id,shipping_id"],
  ],
  ["addresses", "orders!billing", "one-to-many orders billing id,billing_id"],
  ["addresses", "orders!shipping_id", "one-to-many orders shipping id,shipping_id"],
  ["films", "specs!film_id", "one-to-one specs specs_film_id_fkey id,film_id"],
  ["films", "specs!id", "one-to-one specs specs_film_id_fkey id,film_id"],
  ["addresses", "orders!city", "none"],
  ["actors", "films", ["many-to-many cast_names", "many-to-many casting"]],
  ["actors", "films!casting", "many-to-many casting"],
  ["films", "actors!cast_names", "many-to-many cast_names"],
  // computed relationships go before what was detected
  ["orders", "addresses", "many-to-one addresses()"],
  ["films", "sequels", "one-to-many sequels()"],
  ["films", "director", "many-to-one director()"],
  ["films", "studio", "many-to-one studio()"],
  // self references
  ["people", "people", "one-to-many people people_parent id,parent"],
  ["people", "people!parent", "one-to-many people people_parent id,parent"],
  ["people", "parent", "many-to-one people people_parent parent,id"],
  ["people", "people_parent", "many-to-one people people_parent parent,id"],
  ["posters", "posters", ["many-to-many follows", "many-to-many follows"]],
  ["posters", "follows!followed", "one-to-many follows follows_followed id,followed"],
  ["follows", "posters!follower", "many-to-one posters follows_follower follower,id"],
  // views are meant by their names only, but can name what they refer to
  ["long_films", "directors!by", "many-to-one directors films_director by,id"],
  ["long_films", "again", "many-to-one directors films_director again,id"],
  ["directors", "long_films!by", "one-to-many long_films films_director id,by"],
  ["sales", "film_id", "many-to-one films sales_film film_id,id"],
  ["screens", "label_id", "none; perhaps labels"],
  ["screens", "labels", "many-to-one labels screens_label label_id,id"],
  // what there is not
  ["films", "screens", "none; perhaps sequels"],
  ["films", "directers", "none; perhaps directors"],
  ["films", "sequel", "none; perhaps sequels"],
  ["films", "x", "none"],
  ["all_names", "films", "none"],
  ["no_such_table", "films", "none"],
];

for (const [origin, target, expected] of EMBEDS) {
  test(`${origin}?select=${target}(*) finds ${typeof expected === "string" ? expected : "several"}`, () => {
    assert.deepEqual(embed(origin, target), expected);
  });
}

const json = (...names: string[]): CallArguments => ({ kind: "json", names });
const named = (...names: string[]): CallArguments => ({ kind: "named", names });

function call(name: string, given: CallArguments): string {
  const found = findRoutine(catalog, { schema: "api", name }, given);
  if (found.kind === "ambiguous")
    return found.routines
      .map(({ parameters }) => `(${parameters.map((one) => `${one.name} => ${one.type}`).join(", ")})`)
      .join(" or ");
  if (found.kind === "none") {
    const { suggestion } = found;
    return suggestion === undefined
      ? "none"
      : `none; perhaps ${suggestion.name}(${suggestion.parameters ?? ""})`;
  }
  const types = found.routine.parameters.map(({ type }) => type).join(", ");
  return `${found.routine.name}(${types})${found.unnamed ? " whole" : ""}`;
}

const CALLS: readonly (readonly [name: string, given: CallArguments, found: string])[] = [
  ["add", named("a"), "add(integer, integer)"],
  ["add", named("b", "a"), "add(integer, integer)"],
  ["add", named("b"), "none; perhaps add(a,b)"],
  ["add", named("a", "b", "smthelse"), "none; perhaps add(a,b)"],
  ["add", named("wrong_argument"), "none"],
  ["many", named(), "many(integer[])"],
  ["take", named(), "take()"],
  ["take", json(), "take()"],
  ["take", json("x", "y"), "take(integer, integer)"],
  ["take", json("A", "B", "C"), "take(json) whole"],
  ["take", named("a", "b"), "none; perhaps take(x,y)"],
  ["take", { kind: "raw", type: "text" }, "take(text) whole"],
  ["take", { kind: "raw", type: "bytea" }, "none"],
  ["take", json(""), "take(json) whole"],
  ["take", named(""), "none"],
  ["twice", json("A"), "( => json) or ( => jsonb)"],
  ["same", named("arg"), "(arg => integer) or (arg => xml) or (arg => text, num => integer)"],
  ["same", named("arg", "num"), "same(text, integer)"],
  ["nothin", named(), "none; perhaps nothing()"],
  ["xyzzy", named(), "none"],
  ["nothin", { kind: "raw", type: "xml" }, "none"],
];

for (const [name, given, expected] of CALLS) {
  test(`calling ${name} with ${JSON.stringify(given)} finds ${expected}`, () => {
    assert.equal(call(name, given), expected);
  });
}

test("a table is found by its name in an exposed schema only", () => {
  assert.equal(findTable(catalog, { schema: "api", name: "films" })?.name, "films");
  assert.equal(findTable(catalog, { schema: "hidden", name: "labels" }), undefined);
  assert.equal(findTable(catalog, { schema: "api", name: "sales_2020" }), undefined);
});

test("a table is suggested when three of four letters agree, and none of another schema", () => {
  const suggest = (name: string, schema = "api") => suggestTable(catalog, { schema, name });
  assert.equal(suggest("directorx"), "directors");
  assert.equal(suggest("addresxx"), undefined);
  assert.equal(suggest("Films"), "films");
  assert.equal(suggest("label", "hidden"), undefined);
  assert.equal(suggest("f".repeat(10_000)), undefined);
});
