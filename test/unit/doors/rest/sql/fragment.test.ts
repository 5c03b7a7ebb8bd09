import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { test } from "node:test";
import {
  AND,
  EMPTY,
  identifier,
  integer,
  join,
  parameter,
  qualified,
  render,
  sql,
} from "../../../../../src/doors/rest/sql/fragment.ts";

const ROOT = joinPath(import.meta.dirname, "../../../../..");

test("pieces become one text, with parameters numbered in the order of their places", () => {
  const filter = sql`${identifier("id")} = ${parameter("5")}`;
  const whole = sql`SELECT * FROM ${qualified("api", "films")} WHERE ${filter} LIMIT ${parameter("10")}`;
  assert.deepEqual(render(whole), {
    text: 'SELECT * FROM "api"."films" WHERE "id" = $1 LIMIT $2',
    parameters: ["5", "10"],
  });
});

test("a fragment that stands in two places sends its value once", () => {
  const value = parameter("5");
  assert.deepEqual(render(sql`${value}, ${parameter("6")}, ${value}`), {
    text: "$1, $2, $1",
    parameters: ["5", "6"],
  });
});

test("a quote in a name is doubled, and stays a name", () => {
  assert.equal(render(identifier('a"; DROP TABLE films; --')).text, '"a""; DROP TABLE films; --"');
});

test("a name with a NUL is refused: it would end the protocol's message early", () => {
  assert.throws(() => identifier("a\0b"), TypeError);
});

test("fragments are joined by a separator, and none give nothing", () => {
  const parts = ["a", "b", "c"].map((name) => identifier(name));
  assert.equal(render(join(parts, AND)).text, '"a" AND "b" AND "c"');
  assert.equal(render(join([], AND)).text, render(EMPTY).text);
});

test("whole numbers of our own stand in the text; others are no numbers", () => {
  assert.equal(render(integer(42)).text, "42");
  assert.throws(() => integer(0.5), TypeError);
});

test("bytes and nulls are parameters like any other", () => {
  const bytes = Buffer.from([0, 255]);
  assert.deepEqual(render(sql`${parameter(bytes)}, ${parameter(null)}`), {
    text: "$1, $2",
    parameters: [bytes, null],
  });
});

test("deeply nested fragments cost no more than their length", () => {
  let nested = identifier("x");
  for (let depth = 0; depth < 2000; depth++) nested = sql`(${nested})`;
  assert.equal(render(nested).text.length, 4003);
});

test("only types and defaults that the server wrote itself get into SQL as they are", () => {
  const sources = globSync("src/doors/rest/**/*.ts", { cwd: ROOT });
  const users = sources.filter((file) => /\bserverText\b/.test(readFileSync(joinPath(ROOT, file), "utf8")));
  assert.deepEqual(users.toSorted(), [
    "src/doors/rest/sql/call.ts",
    "src/doors/rest/sql/fragment.ts",
    "src/doors/rest/sql/payload.ts",
  ]);
});
