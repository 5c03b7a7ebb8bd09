import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { askControl, until } from "../../support/control.ts";
import { testFeature } from "../../support/feature.ts";
import type { RestWorld } from "../../support/rest.ts";
import { startRest } from "../../support/rest.ts";

let world: RestWorld;

const SQL = `
  CREATE TABLE api.films (id int);
  INSERT INTO api.films SELECT generate_series(1, 5);
  GRANT SELECT ON api.films TO anon;
  CREATE SCHEMA other; GRANT USAGE ON SCHEMA other TO anon;
  CREATE TABLE other.books (id int); GRANT SELECT ON other.books TO anon;
  ALTER ROLE authenticator SET pgrst.db_max_rows = '2';
`;
const ENV = { PGRST_LOG_LEVEL: "info", POSTERN__LOG__FORMAT: "json", PGRST_ADMIN_SERVER_PORT: "0" };

before(async () => {
  world = await startRest({ sql: SQL, env: ENV });
});
after(() => world.stop());

const rows = async (from = world) => {
  const answer = await from.ask("GET /films");
  return answer.status === 200 ? (answer.json() as unknown[]).length : answer.status;
};

testFeature(
  { feature: "start.in-database" },
  "what the database says is in force from the first request on",
  async () => {
    assert.equal(await rows(), 2);
  },
);

testFeature(
  { feature: "start.reload-config" },
  "what the database says after it was asked and before Postern listens is not missed",
  async () => {
    // They are others once somebody listens, as if they had been changed just before.
    const changing = await startRest({
      sql: `CREATE TABLE api.films AS SELECT generate_series(1, 5) AS id; GRANT SELECT ON api.films TO anon;
        CREATE FUNCTION settings() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
          SELECT set_config('pgrst.db_max_rows', (2 + count(*))::text, true)
          FROM pg_stat_activity WHERE query LIKE 'LISTEN %'
        $$`,
      env: { ...ENV, PGRST_DB_PRE_CONFIG: "public.settings" },
    });
    try {
      await until(
        () => rows(changing),
        (count) => count === 3,
      );
    } finally {
      await changing.stop();
    }
  },
);

testFeature(
  { feature: "start.reload-config" },
  "NOTIFY pgrst, 'reload config' takes up what the database says now",
  async () => {
    await world.postgres.query("ALTER ROLE authenticator SET pgrst.db_max_rows = '3'");
    await world.postgres.query("NOTIFY pgrst, 'reload config'");
    await until(rows, (count) => count === 3);
  },
);

testFeature(
  { feature: "start.reload-config" },
  "a setting that cannot be is refused, and the one before stays",
  async () => {
    await world.postgres.query(
      "ALTER ROLE authenticator SET pgrst.db_max_rows = 'many'; NOTIFY pgrst, 'reload config'",
    );
    const refused = await world.gateway.logged(({ event }) => event === "config.refused.v1");
    assert.match(
      String(refused["detail"]),
      /database pgrst\.db_max_rows: db-max-rows: a whole number is expected/,
    );
    assert.equal(await rows(), 3);
  },
);

testFeature({ feature: "start.reload-config" }, "SIGUSR2 asks for the same", async () => {
  await world.postgres.query("ALTER ROLE authenticator SET pgrst.db_max_rows = '4'");
  world.gateway.process.kill("SIGUSR2");
  await until(rows, (count) => count === 4);
});

testFeature({ feature: "cache.reload-signal" }, "SIGUSR1 has the schema cache read again", async () => {
  await world.postgres.query("CREATE TABLE api.late (id int); GRANT SELECT ON api.late TO anon");
  world.gateway.process.kill("SIGUSR1");
  await until(
    () => world.ask("GET /late"),
    ({ status }) => status === 200,
  );
});

testFeature(
  { feature: "cache.reload-notify" },
  "NOTIFY pgrst, 'reload schema' has it read again too",
  async () => {
    await world.postgres.query(
      "CREATE TABLE api.later (id int); GRANT SELECT ON api.later TO anon; NOTIFY pgrst, 'reload schema'",
    );
    await until(
      () => world.ask("GET /later"),
      ({ status }) => status === 200,
    );
  },
);

testFeature({ feature: "cache.reload-notify" }, "NOTIFY pgrst without a word reloads both", async () => {
  await world.postgres.query(
    "ALTER ROLE authenticator SET pgrst.db_schemas = 'api, other'; CREATE TABLE api.latest (id int); GRANT SELECT ON api.latest TO anon; NOTIFY pgrst",
  );
  await until(
    () => world.ask("GET /latest"),
    ({ status }) => status === 200,
  );
  const books = () => world.ask("GET /books", { headers: { "accept-profile": "other" } });
  await until(books, ({ status }) => status === 200);
});

test("several workers are one: what the database asks of any of them, all of them do", async () => {
  const env = { ...ENV, POSTERN__DOORS__REST__WORKERS: "2", PGRST_DB_CHANNEL: "news" };
  const several = await startRest({ sql: SQL, env });
  try {
    assert.equal(await rows(several), 2);
    await several.postgres.query("ALTER ROLE authenticator SET pgrst.db_max_rows = '3'");
    const asked = async () => {
      await several.postgres.query("NOTIFY news, 'reload config'");
      return rows(several);
    };
    await until(asked, (count) => count === 3);
    await several.postgres.query("CREATE TABLE api.late (id int); GRANT SELECT ON api.late TO anon");
    several.gateway.process.kill("SIGUSR1");
    await until(
      () => several.ask("GET /late"),
      ({ status }) => status === 200,
    );
    await until(
      () => askControl(several.gateway, "/schema_cache"),
      ({ text }) => text.includes('"name":"late"'),
    );
  } finally {
    await several.stop();
  }
});
