import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { loadPostgrest } from "../../../src/config/compat/postgrest/load.ts";
import { faultText } from "../../../src/config/errors.ts";
import type { RestDoorConfig } from "../../../src/config/schema.ts";
import { databaseSettings } from "../../../src/daemon/database-settings.ts";
import { testFeature } from "../../support/feature.ts";
import { poolsOf } from "../../support/pool.ts";
import type { TestPostgres } from "../../support/postgres.ts";
import { startPostgres } from "../../support/postgres.ts";

let postgres: TestPostgres;

before(async () => {
  postgres = await startPostgres({
    hba: ["host all all 127.0.0.1/32 trust"],
    sql: `
      CREATE ROLE authenticator LOGIN NOINHERIT;
      ALTER ROLE authenticator SET pgrst.db_max_rows = '500';
      ALTER ROLE authenticator SET pgrst.db_schemas = 'one, two';
      ALTER ROLE authenticator SET pgrst.db_pool = '99';
      ALTER ROLE authenticator SET statement_timeout = '30s';
      ALTER ROLE authenticator IN DATABASE postgres SET pgrst.db_schemas = 'here';
      ALTER ROLE authenticator IN DATABASE template1 SET pgrst.db_max_rows = '1';
      CREATE ROLE another LOGIN;
      ALTER ROLE another SET pgrst.db_plan_enabled = 'true';
      CREATE SCHEMA private;
      GRANT USAGE ON SCHEMA private TO authenticator;
      CREATE FUNCTION private.settings() RETURNS void LANGUAGE sql AS $$
        SELECT set_config('pgrst.db_schemas', 'overridden', true), set_config('pgrst.openapi_mode', 'disabled', true)
      $$;
      CREATE FUNCTION private.wrong() RETURNS void LANGUAGE sql AS $$
        SELECT set_config('pgrst.openapi_mode', 'loud', true)
      $$;
    `,
  });
});
after(() => postgres.stop());

const pools = poolsOf(() => [postgres.port]);

async function settings(preConfig = "", more: Readonly<Record<string, string>> = {}) {
  const env = {
    PGRST_DB_URI: "postgres://authenticator@localhost/postgres",
    PGRST_DB_ANON_ROLE: "anon",
    PGRST_DB_MAX_ROWS: "7",
    PGRST_DB_PRE_CONFIG: preConfig,
    ...more,
  };
  const loaded = loadPostgrest({ env });
  assert.ok(loaded.kind === "ok");
  const { rest } = loaded.config.doors;
  assert.ok(rest !== undefined);
  return loaded.withDatabase(await databaseSettings(rest, pools().pool));
}

async function door(preConfig?: string, more?: Readonly<Record<string, string>>): Promise<RestDoorConfig> {
  const result = await settings(preConfig, more);
  const rest = result.kind === "ok" ? result.config.doors.rest : undefined;
  return rest ?? assert.fail(result.kind === "faults" ? result.faults.map(faultText).join("\n") : "no door");
}

testFeature(
  { feature: "start.in-database-query" },
  "what the authenticator has for this database comes before what it has for all, and that before the environment",
  async () => {
    const { schemas, maxRows, pool, planEnabled } = await door();
    assert.deepEqual([schemas, maxRows, pool.size, planEnabled], [["here"], 500, 10, false]);
  },
);

testFeature(
  { feature: "start.in-database-query" },
  "what a function sets comes after what the authenticator has",
  async () => {
    const { schemas, openapi } = await door("private.settings");
    assert.deepEqual([schemas, openapi.mode], [["here"], "disabled"]);
  },
);

test("without db-config nobody asks the database", async () => {
  assert.equal((await door("", { PGRST_DB_CONFIG: "false" })).maxRows, 7);
});

test("what a function sets wrongly is told with its name", async () => {
  const result = await settings("private.wrong");
  assert.ok(result.kind === "faults");
  assert.deepEqual(result.faults.map(faultText), [
    "database pgrst.openapi_mode: openapi-mode: is not one of its values; it can be follow-privileges, ignore-privileges, disabled",
  ]);
});

test("a function that there is not is the server's error", async () => {
  await assert.rejects(settings("private.missing"), /42883/);
});
