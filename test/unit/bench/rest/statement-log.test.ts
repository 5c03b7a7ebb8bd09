import assert from "node:assert/strict";
import { test } from "node:test";
import { pgbenchScript } from "../../../../bench/rest/pgbench-script.ts";
import { type Executed, executed, requestOf } from "../../../../bench/rest/statement-log.ts";

const AT = "2026-11-24 09:35:15.255 UTC [123] ";
const ANY_ID = { id: "777", ids: 100 };

const LOG = [
  `${AT}LOG:  mark 1`,
  `${AT}LOG:  execute postern_1: SELECT pg_catalog.set_config('role', $1, true), pg_catalog.set_config($2, $3, true)`,
  `${AT}DETAIL:  Parameters: $1 = 'web', $2 = 'request.path', $3 = '/it''s'`,
  `${AT}LOG:  execute postern_2: SELECT count(*)::text FROM "api"."items"`,
  '\tWHERE "items"."id" = $1 AND "a $1" = \'$1\'',
  `${AT}DETAIL:  parameters: $1 = '777'`,
  `${AT}LOG:  statement: SELECT 1`,
  `${AT}LOG:  execute postern_3: RESET ALL`,
];

test("the log tells what was executed, with its parameters", () => {
  assert.deepEqual(executed(LOG), [
    {
      backend: "123",
      text: "SELECT pg_catalog.set_config('role', $1, true), pg_catalog.set_config($2, $3, true)",
      parameters: ["web", "request.path", "/it's"],
    },
    {
      backend: "123",
      text: 'SELECT count(*)::text FROM "api"."items"\nWHERE "items"."id" = $1 AND "a $1" = \'$1\'',
      parameters: ["777"],
    },
    { backend: "123", text: "RESET ALL", parameters: [] },
  ]);
});

test("a parameter that is NULL is told from one that says so", () => {
  const [statement] = executed([
    `${AT}LOG:  execute <unnamed>: SELECT $1, $2`,
    `${AT}DETAIL:  Parameters: $1 = NULL, $2 = 'NULL'`,
  ]);
  assert.deepEqual(statement?.parameters, [null, "NULL"]);
});

test("parameters that cannot be read are no parameters", () => {
  const lines = [`${AT}LOG:  execute p: SELECT $1`, `${AT}DETAIL:  Parameters: $1 = 'cut ...`];
  assert.throws(() => executed(lines), /these are no parameters/);
});

test("the script runs all statements in one pipeline, with variables for parameters and a random id", () => {
  const { text, variables } = pgbenchScript(executed(LOG), ANY_ID);
  assert.deepEqual(text.split("\n"), [
    "\\if :prepared = 0",
    "SELECT 1;",
    "\\set prepared 1",
    "\\endif",
    "\\set id random(1, 100)",
    "\\startpipeline",
    "SELECT pg_catalog.set_config('role', :v0_0, true), pg_catalog.set_config(:v0_1, :v0_2, true);",
    'SELECT count(*)::text FROM "api"."items"',
    'WHERE "items"."id" = :id AND "a $1" = \'$1\';',
    "RESET ALL;",
    "\\endpipeline",
    "",
  ]);
  assert.deepEqual(variables, [
    ["v0_0", "web"],
    ["v0_1", "request.path"],
    ["v0_2", "/it's"],
    ["prepared", "0"],
  ]);
});

for (const [why, statement] of [
  ["a variable of pgbench in a literal", { backend: "1", text: "SELECT '12:x'", parameters: [] }],
  ["a second statement", { backend: "1", text: "SELECT 1; SELECT 2", parameters: [] }],
  ["a command of pgbench", { backend: "1", text: "SELECT 1 \\gset", parameters: [] }],
  ["a parameter that the log does not have", { backend: "1", text: "SELECT $2", parameters: ["1"] }],
] as const satisfies readonly (readonly [string, Executed])[])
  test(`a statement with ${why} makes no script`, () => {
    assert.throws(() => pgbenchScript([statement], ANY_ID), /pgbench would read this differently|has no \$2/);
  });

const statement = (backend: string, text: string, ...parameters: string[]): Executed => ({
  backend,
  text,
  parameters,
});
const SETTINGS = statement("2", "SELECT pg_catalog.set_config($1, $2, true)", "request.path", "/items");
const MAIN = statement("2", "SELECT 1");
const UNLOCK = statement("2", "SELECT pg_catalog.pg_advisory_unlock_all()");

test("a request's transaction is told from what other connections do, and from the catalog's load", () => {
  const load = statement("3", "WITH RECURSIVE catalog AS (SELECT 1) SELECT");
  const before = statement("2", "SELECT pg_catalog.set_config('role', $1, true)", "none");
  const all = [before, MAIN, UNLOCK, load, SETTINGS, load, MAIN, UNLOCK, load, before];
  assert.deepEqual(requestOf(all), [SETTINGS, MAIN, UNLOCK]);
});

test("a transaction whose end looks closer is not what most requests do, and one without an end is none", () => {
  const closer = statement("2", `${UNLOCK.text}, EXISTS (SELECT FROM pg_catalog.pg_prepared_statement())`);
  assert.equal(requestOf([SETTINGS, MAIN, closer, SETTINGS, MAIN, UNLOCK]), undefined);
  assert.equal(requestOf([SETTINGS, MAIN]), undefined);
  assert.equal(requestOf([MAIN, UNLOCK]), undefined);
});
