import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ControlAnswer } from "../../support/control.ts";
import { askControl, until } from "../../support/control.ts";
import { testFeature } from "../../support/feature.ts";
import type { RestWorld } from "../../support/rest.ts";
import { AUTHENTICATOR_PASSWORD, startRest } from "../../support/rest.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
let world: RestWorld;

before(async () => {
  world = await startRest({
    sql: `
      CREATE TABLE api.directors (id int PRIMARY KEY, name text NOT NULL);
      CREATE TABLE api.films (id int PRIMARY KEY, title text, director_id int REFERENCES api.directors);
      CREATE FUNCTION api.add(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE RETURN a + b;
      CREATE DOMAIN api.shouted AS text;
      CREATE FUNCTION api.shout(api.shouted) RETURNS json LANGUAGE sql IMMUTABLE RETURN to_json(upper($1::text));
      CREATE CAST (api.shouted AS json) WITH FUNCTION api.shout(api.shouted) AS IMPLICIT;
    `,
    env: {
      PGRST_ADMIN_SERVER_PORT: "0",
      PGRST_APP_SETTINGS_KEY: "hunter2",
      PGRST_LOG_LEVEL: "info",
      POSTERN__ADMIN__TOKEN: TOKEN,
      POSTERN__LOG__FORMAT: "json",
    },
  });
});
after(() => world.stop());

const admin = (path: string, token?: string): Promise<ControlAnswer> =>
  askControl(world.gateway, path, token);

testFeature({ feature: "admin.live" }, "the process answers", async () => {
  assert.deepEqual(await admin("/live"), { status: 200, text: "" });
});

testFeature({ feature: "admin.ready" }, "requests can be answered once the catalog is there", async () => {
  await until(
    () => admin("/ready"),
    ({ status }) => status === 200,
  );
  assert.equal((await world.ask("GET /films?select=id")).status, 401);
});

testFeature({ feature: "admin.metrics" }, "metrics are for whoever has the token", async () => {
  assert.equal((await admin("/metrics")).status, 401);
  assert.match((await admin("/metrics", TOKEN)).text, /^postern_/m);
});

testFeature({ feature: "admin.schema-cache" }, "the schema cache has PostgREST's five parts", async () => {
  const { status, text } = await until(
    () => admin("/schema_cache", TOKEN),
    (answer) => answer.status === 200,
  );
  assert.equal(status, 200);
  const cache = JSON.parse(text);
  assert.deepEqual(Object.keys(cache), [
    "dbMediaHandlers",
    "dbRelationships",
    "dbRepresentations",
    "dbRoutines",
    "dbTables",
  ]);
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).sort();
  assert.deepEqual(names(cache.dbTables), ["directors", "films"]);
  assert.ok(names(cache.dbRoutines).includes("add"));
  assert.deepEqual(
    cache.dbTables
      .find(({ name }: { name: string }) => name === "directors")
      .columns.map(({ name, type, nullable }: Record<string, unknown>) => [name, type, nullable]),
    [
      ["id", "integer", false],
      ["name", "text", false],
    ],
  );
  assert.equal(cache.dbRelationships.length, 2);
  const [representation, ...others] = cache.dbRepresentations;
  assert.deepEqual([representation.direction, representation.function.name, others], ["toJson", "shout", []]);
});

testFeature({ feature: "admin.config" }, "the configuration in force is shown without secrets", async () => {
  const { status, text } = await admin("/config", TOKEN);
  assert.equal(status, 200);
  assert.equal(JSON.parse(text).doors.rest.database, "postgres");
  for (const secret of [AUTHENTICATOR_PASSWORD, TOKEN, "hunter2"]) assert.ok(!text.includes(secret), secret);
});

test("what shows tables and settings asks for the token", async () => {
  for (const path of ["/schema_cache", "/config"]) assert.equal((await admin(path)).status, 401);
});
