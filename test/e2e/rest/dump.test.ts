import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { testFeature } from "../../support/feature.ts";
import { exampleDirectory, shell, shellMeanwhile } from "../../support/postern.ts";
import type { TestPostgres } from "../../support/postgres.ts";
import { startPostgres } from "../../support/postgres.ts";

let postgres: TestPostgres;
const env = () => ({
  PGRST_DB_URI: `postgres://authenticator@localhost:${postgres.port}/postgres?sslmode=disable`,
  PGRST_DB_ANON_ROLE: "anon",
  PGRST_DB_SCHEMAS: "api",
  PGRST_SERVER_HOST: "127.0.0.1",
});

before(async () => {
  postgres = await startPostgres({
    hba: ["host all all 127.0.0.1/32 trust"],
    sql: `
      CREATE ROLE authenticator LOGIN NOINHERIT;
      ALTER ROLE authenticator SET pgrst.db_max_rows = '500';
      CREATE SCHEMA api;
      CREATE TABLE api.films (id int PRIMARY KEY);
      GRANT USAGE ON SCHEMA api TO authenticator;
    `,
  });
});
after(() => postgres.stop());

testFeature({ feature: "cli.dump-config" }, "what the database says is part of what is shown", async (t) => {
  const { code, stdout, stderr } = await shellMeanwhile(
    "postern rest --dump-config",
    exampleDirectory(t),
    env(),
  );
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^db-max-rows = 500$/m);
});

testFeature({ feature: "cli.dump-schema" }, "the catalog is printed as JSON", async (t) => {
  const { code, stdout, stderr } = await shellMeanwhile(
    "postern rest --dump-schema",
    exampleDirectory(t),
    env(),
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const tables: readonly { readonly name: string }[] = JSON.parse(stdout).dbTables;
  assert.deepEqual(
    tables.map(({ name }) => name),
    ["films"],
  );
});

test("a database that cannot be asked does not keep --dump-config from showing the rest", (t) => {
  const { code, stdout, stderr } = shell("postern rest --dump-config postgrest.conf", exampleDirectory(t));
  assert.equal(code, 0);
  assert.match(stdout, /^db-max-rows = ""$/m);
  assert.match(
    stderr,
    /^postern: warning: the database could not be asked for its settings: .*(ECONNREFUSED|Failed to connect)/,
  );
});

test("--dump-schema of a database that cannot be asked fails and says why", (t) => {
  const { code, stdout, stderr } = shell("postern rest --dump-schema postgrest.conf", exampleDirectory(t));
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /ECONNREFUSED|Failed to connect/);
});
