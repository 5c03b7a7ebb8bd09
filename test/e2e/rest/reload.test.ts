/** The catalog follows the database: by notification, by signal, and by itself when a request shows that it is old. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../../support/eventually.ts";
import type { RestWorld } from "../../support/rest.ts";
import { startRest } from "../../support/rest.ts";

let world: RestWorld;

before(async () => {
  world = await startRest({
    sql: `
      CREATE TABLE api.films (id integer PRIMARY KEY, title text);
      CREATE TABLE api.moved (id integer PRIMARY KEY);
    `,
  });
});
after(() => world.stop());

const status = async (path: string) => (await world.ask(`GET ${path}`, { as: "web" })).status;

test("a notification loads the catalog again, and requests are served meanwhile", async () => {
  assert.equal(await status("/added"), 404);
  await world.postgres.query("CREATE TABLE api.added (id integer)");
  const seen = new Set<number>();
  await eventually("the new table is known", async () => {
    await world.postgres.query("NOTIFY pgrst, 'reload schema'"); // the first may come before the door listens
    seen.add(await status("/films"));
    return (await status("/added")) === 200;
  });
  assert.deepEqual([...seen], [200]);
});

test("SIGUSR1 loads the catalog again", async () => {
  await world.postgres.query("CREATE TABLE api.signalled (id integer)");
  assert.equal(await status("/signalled"), 404);
  world.gateway.process.kill("SIGUSR1");
  await eventually("the new table is known", async () => (await status("/signalled")) === 200);
});

test("an error that shows the catalog to be old loads it again", async () => {
  assert.equal(await status("/moved"), 200);
  await world.postgres.query("ALTER TABLE api.moved RENAME TO gone");
  assert.equal(await status("/moved"), 404);
  await eventually("the new name is known", async () => (await status("/gone")) === 200);
});

test("the door listens again after the server restarted, and learns what it has missed", async () => {
  await world.postgres.query("CREATE TABLE api.missed (id integer)");
  await world.postgres.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'postern-rest'",
  );
  await eventually("what was missed is known", async () => (await status("/missed")) === 200);
});

test("settings in the database are in force from the start, and after a notification", async () => {
  const films = async () => (await world.ask("GET /films", { as: "web" })).json() as unknown[];
  await world.postgres.query("INSERT INTO api.films VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  assert.equal((await films()).length, 3);
  await world.postgres.query(
    "ALTER ROLE authenticator SET pgrst.db_max_rows = '2'; NOTIFY pgrst, 'reload config'",
  );
  await eventually("the new limit is in force", async () => (await films()).length === 2);
});

test("SIGUSR2 reads the settings again", async () => {
  await world.postgres.query("ALTER ROLE authenticator SET pgrst.db_max_rows = '1'");
  world.gateway.process.kill("SIGUSR2");
  await eventually("the new limit is in force", async () => {
    const answer = await world.ask("GET /films", { as: "web" });
    return (answer.json() as unknown[]).length === 1;
  });
});
