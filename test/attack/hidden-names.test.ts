import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type pg from "pg";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
  const [main] = world.config["clusters"] as [Record<string, unknown>];
  const open = { ...main, decide: { mode: "token", databases: ["postgres"] } };
  const loads = world.gateway.log.filter((line) => line.event === "config.loaded.v1").length;
  world.gateway.configure({ ...world.config, clusters: [open, { ...open, name: "other" }] });
  world.gateway.process.kill("SIGHUP");
  await world.gateway.logged(
    () => world.gateway.log.filter((line) => line.event === "config.loaded.v1").length > loads,
  );
});
after(() => world.stop());

/** Code and message of a refusal, without its correlation id. */
async function refusal(more: pg.ClientConfig): Promise<string> {
  const error = await world.connect(more).then(
    () => assert.fail("the login should have been refused"),
    (reason: { code: string; message: string }) => reason,
  );
  return `${error.code} ${error.message.replace(/ \([0-9a-f]{12}\)$/, "")}`;
}

test("attack 24: the database that policy opens is opened", async () => {
  const client = await world.connect({ database: "main/postgres" });
  await client.query("SELECT 1");
  await client.end();
});

const CLOSED =
  "28000 this role is not open to you here; use a role and a database that are, or ask for access";

test("attack 24: a good token does not tell a cluster that exists from one that does not", async () => {
  const seen = new Set<string>();
  for (const database of ["main/postgres", "other/postgres", "nowhere/postgres", "main/template1", "main/"]) {
    for (const user of ["ben", "root", "pg_monitor", "nobody_at_all"]) {
      seen.add(await refusal({ database, user }));
    }
  }
  const predefined = world.token("pg_monitor");
  for (const database of ["main/postgres", "nowhere/postgres"]) {
    seen.add(await refusal({ database, user: "pg_monitor", password: predefined }));
  }
  assert.deepEqual([...seen], [CLOSED]);
});

test("attack 24: the log says which it was", async () => {
  for (const [database, code] of [
    ["main/log", "policy/role"],
    ["nowhere/log", "policy/cluster"],
  ] as const) {
    await refusal({ database, user: "ben" });
    const asked = code === "policy/role" ? "log" : database;
    const line = await world.gateway.logged(
      (one) => one.event === "login.denied.v1" && one["database"] === asked,
    );
    assert.equal(line["code"], code);
  }
});

test("attack 24: a cluster that does not exist and a database that may not be opened are refused alike", async () => {
  const seen = new Set<string>();
  for (const database of [
    "nowhere/postgres",
    "main/template1",
    "main/no_such_database",
    "other/",
    "postgres",
    "/",
  ]) {
    seen.add(await refusal({ database }));
  }
  assert.deepEqual([...seen], [CLOSED]);
});

test("attack 24: who has proved nothing learns nothing of names", async () => {
  const seen = new Set<string>();
  const long = "d".repeat(60);
  const names = ["main/postgres", "nowhere/postgres", "main/template1", "main/", "nowhere/"];
  for (const database of [...names, `main/${long}`, `nowhere/${long}`, `main/${long}${long}`]) {
    for (const user of ["ada", "root", "nobody"]) {
      seen.add(await refusal({ database, user, password: world.token("ada", { iss: "https://else.test" }) }));
    }
  }
  assert.deepEqual([...seen], ["28P01 the token is not valid"]);
});
