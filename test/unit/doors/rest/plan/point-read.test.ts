import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isPointRead } from "../../../../../src/doors/rest/plan/point-read.ts";
import { exposedTable } from "../../../../../src/doors/rest/plan/read.ts";
import { type Reads, startReads } from "../../../../support/rest-reads.ts";

const SQL = `
CREATE SCHEMA api;
CREATE TABLE api.makers (id int PRIMARY KEY, name text);
CREATE TABLE api.items (id int PRIMARY KEY, name text, about jsonb, maker int REFERENCES api.makers);
CREATE TABLE api.places (shelf int, place int, item int, PRIMARY KEY (shelf, place)) PARTITION BY HASH (shelf);
CREATE TABLE api.heap (id int);
CREATE VIEW api.shown AS SELECT * FROM api.items;
CREATE FUNCTION api.slow(api.items) RETURNS text LANGUAGE sql AS 'SELECT pg_sleep(1)::text';
CREATE DOMAIN api.code AS int;
CREATE FUNCTION api.json(api.code) RETURNS json LANGUAGE sql AS 'SELECT to_json($1::text)';
CREATE CAST (api.code AS json) WITH FUNCTION api.json(api.code) AS IMPLICIT;
CREATE TABLE api.coded (id int PRIMARY KEY, code api.code);
`;

let reads: Reads;
before(async () => {
  reads = await startReads(SQL);
});
after(() => reads.stop());

const rows: readonly (readonly [target: string, isOne: boolean, why: string])[] = [
  ["/items?id=eq.1", true, "a row by its key"],
  ["/items?id=eq.1&select=name,about->>size", true, "some of its columns"],
  ["/items?id=eq.1&name=like.a*", true, "more conditions on that row"],
  ["/places?shelf=eq.1&place=eq.2", true, "a key of two columns, in a partitioned table"],
  ["/items", false, "all rows"],
  ["/items?name=eq.a", false, "another column"],
  ["/places?shelf=eq.1", false, "a part of the key"],
  ["/items?id=gt.1", false, "many rows"],
  ["/items?id=not.eq.1", false, "all rows but one"],
  ["/items?id=eq(any).{1,2}", false, "several rows"],
  ["/items?id=in.(1,2)", false, "several rows"],
  ["/items?or=(id.eq.1,name.eq.a)", false, "rows beside that of the key"],
  ["/items?id=eq.1&select=*,makers(*)", false, "rows of another table"],
  ["/items?id=eq.1&select=id,slow", false, "a function of the row"],
  ["/items?id=eq.1&slow=eq.a", false, "a function of the row"],
  ["/items?id=eq.1&select=name.count()", false, "an aggregate"],
  ["/shown?id=eq.1", false, "a view may run anything"],
  ["/heap?id=eq.1", false, "no key"],
  ["/coded?id=eq.1&select=code", false, "a function that writes the column"],
];

for (const [target, isOne, why] of rows)
  test(`${target} is ${isOne ? "" : "not "}taken for a read that is brief: ${why}`, () => {
    const [, relation = ""] = /^\/(\w+)/.exec(target) ?? [];
    const { planned } = reads.statement(target, { aggregates: true });
    assert.equal(isPointRead(exposedTable(reads.catalog, "api", relation), planned.plan), isOne);
  });
