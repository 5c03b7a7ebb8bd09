import assert from "node:assert/strict";
import { after, before } from "node:test";
import { eventually } from "../../support/eventually.ts";
import { testFeature } from "../../support/feature.ts";
import { type RestWorld, startRest } from "../../support/rest.ts";

let world: RestWorld;
before(async () => {
  world = await startRest({ sql: "CREATE TABLE api.films (id int PRIMARY KEY, title text)" });
});
after(() => world.stop());

const status = async (request: string) => (await world.ask(request, { as: "web" })).status;
const logged = (event: string) => world.gateway.log.filter((line) => line.event === event).length;

testFeature({ feature: "cache.first-load" }, "the first request of all is answered", async () => {
  assert.equal(await status("GET /films"), 200);
});

testFeature({ feature: "cache.reload-notify" }, "a new table is there after a notification", async () => {
  await world.postgres.query("CREATE TABLE api.directors (id int)");
  assert.equal(await status("GET /directors"), 404);
  await world.postgres.query("NOTIFY pgrst, 'reload schema'");
  await eventually("the new table", async () => (await status("GET /directors")) === 200);
});

testFeature({ feature: "cache.stale" }, "a table that is gone is forgotten by itself", async () => {
  await world.postgres.query("DROP TABLE api.directors");
  const answer = await world.ask("GET /directors", { as: "web" });
  assert.deepEqual([answer.status, codeOf(answer.json())], [404, "42P01"]);
  await eventually("the table to be unknown", async () => {
    const again = await world.ask("GET /directors", { as: "web" });
    return codeOf(again.json()) === "PGRST205";
  });
});

testFeature({ feature: "cache.stale" }, "a column that is new is found by itself", async () => {
  await world.postgres.query("ALTER TABLE api.films ADD COLUMN year int");
  const answer = await world.ask("GET /films?select=year", { as: "web" });
  assert.deepEqual([answer.status, codeOf(answer.json())], [400, "42703"]);
  await eventually("the new column", async () => (await status("GET /films?select=year")) === 200);
});

testFeature({ feature: "cache.debounce" }, "a hundred notifications cost few loads", async () => {
  const [before, start] = [logged("catalog.loaded.v1"), performance.now()];
  const each = "BEGIN; NOTIFY pgrst, 'reload schema'; COMMIT;";
  await world.postgres.query(`${each.repeat(100)} CREATE TABLE api.last (id int); ${each}`);
  await eventually("the last table", async () => (await status("GET /last")) === 200);
  const most = 2 + (performance.now() - start) / 100;
  const loads = logged("catalog.loaded.v1") - before;
  assert.ok(loads <= most, `${loads} loads`);
});

testFeature({ feature: "cache.no-downtime" }, "a load that fails takes nothing away", async () => {
  await world.postgres.query("ALTER SCHEMA api RENAME TO away; NOTIFY pgrst, 'reload schema'");
  await eventually("a failed load", () => logged("catalog.failed.v1") > 0);
  const answer = await world.ask("GET /films", { as: "web" });
  assert.deepEqual([answer.status, codeOf(answer.json())], [404, "42P01"]);
  await world.postgres.query("ALTER SCHEMA away RENAME TO api");
  assert.equal(await status("GET /films"), 200);
});

function codeOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "code" in body ? body.code : undefined;
}
