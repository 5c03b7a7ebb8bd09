import assert from "node:assert/strict";
import { test } from "node:test";
import { databaseQuery, layDatabase } from "../../../../../src/config/compat/postgrest/in-database.ts";
import { faultText } from "../../../../../src/config/errors.ts";
import { configOf, load } from "../../../../support/config-files.ts";

const YAML = `
doors:
  rest: { database: shop, authenticator: api, maxRows: 10, inDatabaseConfig: true }
issuers: [{ name: a, keys: { secret: 0123456789abcdef0123456789abcdef } }]
clusters: [{ name: main, hosts: [{ host: localhost }], login: { method: trust } }]
`;

test("what the database says of the REST door is laid over postern.yaml", (t) => {
  const loaded = load(t, YAML);
  assert.ok(loaded.kind === "ok");
  const again = loaded.withDatabase([
    ["pgrst.db_max_rows", "5"],
    ["pgrst.db_schemas", "api, other"],
    ["pgrst.openapi_mode", "disabled"],
    ["pgrst.server_port", "80"],
  ]);
  const { rest } = configOf(again).doors;
  assert.deepEqual([rest?.maxRows, rest?.schemas, rest?.openapi.mode], [5, ["api", "other"], "disabled"]);
  assert.deepEqual([rest?.port, rest?.txEnd], [3000, "commit"]);
});

test("the database does not say who may be whom, nor whose tokens are taken, where a file does", (t) => {
  const loaded = load(t, YAML);
  assert.ok(loaded.kind === "ok");
  const again = loaded.withDatabase([
    ["pgrst.db_anon_role", "postgres"],
    ["pgrst.jwt_secret", "x".repeat(32)],
    ["pgrst.jwt_role_claim_key", "$.anything"],
    ["pgrst.jwt_aud", "x"],
  ]);
  const { issuers, clusters } = configOf(again);
  assert.deepEqual(
    { issuers, clusters },
    { issuers: loaded.config.issuers, clusters: loaded.config.clusters },
  );
});

test("the environment of the process has the last word over the database", (t) => {
  const loaded = load(t, YAML, { POSTERN__DOORS__REST__MAX_ROWS: "3" });
  assert.ok(loaded.kind === "ok");
  assert.equal(configOf(loaded.withDatabase([["pgrst.db_max_rows", "5"]])).doors.rest?.maxRows, 3);
});

test("what the database says wrongly is told, and changes nothing", (t) => {
  const loaded = load(t, YAML);
  assert.ok(loaded.kind === "ok");
  const wrong = loaded.withDatabase([
    ["pgrst.db_max_rows", "many"],
    ["pgrst.db_schemas", "information_schema"],
  ]);
  assert.ok(wrong.kind === "faults");
  assert.deepEqual(wrong.faults.map(faultText), [
    "database pgrst.db_max_rows: db-max-rows: a whole number is expected; correct it",
    "database pgrst.db_schemas: db-schemas: has information_schema, which is never shown; remove it",
  ]);
  const outOfBounds = loaded.withDatabase([["pgrst.db_max_rows", "-1"]]);
  assert.ok(outOfBounds.kind === "faults");
  assert.deepEqual(outOfBounds.faults.map(faultText), [
    "database pgrst.db_max_rows: doors.rest.maxRows: is too small; the least is 0",
  ]);
});

test("a configuration says whether the database is still to be asked", (t) => {
  for (const env of [{}, { POSTERN__DOORS__REST__IN_DATABASE_CONFIG: "true" }]) {
    const loaded = load(t, YAML, env);
    assert.ok(loaded.kind === "ok");
    assert.equal(loaded.config.doors.rest?.inDatabaseConfig, true);
    assert.equal(configOf(loaded.withDatabase([])).doors.rest?.inDatabaseConfig, false);
  }
});

test("defaults of PostgREST are not laid over anything", () => {
  assert.deepEqual(layDatabase([]), { laid: [], faults: [] });
});

test("the name of the function is quoted in the query", () => {
  const { text, parameters } = databaseQuery('a"b.c();--');
  assert.ok(text.includes('SELECT "a""b"."c();--"()'));
  assert.equal(parameters.length, 1);
  assert.deepEqual(databaseQuery(undefined).parameters, []);
});
