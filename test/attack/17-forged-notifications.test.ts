/** Whoever may connect to the store's database may NOTIFY there, and that is all that it comes to. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import type { AccessWorld } from "../support/access-world.ts";
import { bind, group, may, role, startAccessWorld } from "../support/access-world.ts";
import { until } from "../support/control.ts";

let world: AccessWorld;
before(async () => {
  world = await startAccessWorld();
  await world.put(role("ada", may("connect", "databases", "main/*"), may("assume", "databaseroles", "ada")));
  await world.put(bind("everybody", "ada", group("system:authenticated")));
});
after(() => world?.stop());

const idsOf = async (username: string): Promise<string[]> => {
  const { body } = await world.administrator("GET", "/sessions");
  const items = body.items as { id: string; username: string }[];
  return items.filter((item) => item.username.endsWith(username)).map(({ id }) => id);
};

test("attack 17: a role that may only connect to the store's database ends no session by NOTIFY, and hides no end of one", async () => {
  const clients = [await world.connect(), await world.connect({ password: world.token("ben") })] as const;
  const [adas, bens] = clients;
  const ended = new Promise<void>((done) => {
    bens.on("error", () => {}).on("end", () => done());
  });
  const [ada] = await until(
    () => idsOf("ada"),
    (ids) => ids.length === 1,
  );
  const [ben] = await until(
    () => idsOf("ben"),
    (ids) => ids.length === 1,
  );
  await world.postgres.query("CREATE ROLE stranger LOGIN PASSWORD 'x'");
  const { port } = world.postgres;
  const stranger = new pg.Client({
    host: "127.0.0.1",
    port,
    user: "stranger",
    password: "x",
    database: "postern",
  });
  await stranger.connect();
  for (let revision = 1; revision < 50; revision++)
    await stranger.query("SELECT pg_notify('postern_changes', $1)", [
      JSON.stringify({ kind: "session", id: ada, revision }),
    ]);
  await stranger.end();
  // Asked of the store, as another node would: notifications come in their order, so the forged ones came before.
  await world.postgres.query(
    `SET search_path = postern; UPDATE sessions SET end_wanted_at = now(), end_wanted_by = 'test' WHERE id = '${ben}'`,
    "postern",
  );
  await ended;
  assert.equal((await adas.query("SELECT 1")).rowCount, 1);
  await adas.end();
});
