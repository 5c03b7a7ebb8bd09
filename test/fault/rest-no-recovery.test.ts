/** `db-pool-automatic-recovery = false`: whoever starts Postern again decides when, and not Postern. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway.ts";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const SQL = "CREATE TABLE api.films (id int); GRANT SELECT ON api.films TO anon;";
const OFF = { PGRST_DB_POOL_AUTOMATIC_RECOVERY: "false" };
const WHY = /the database was lost and is not waited for, because automatic recovery is off/;

/** Ends the database under a door that answers; resolves with the exit code of Postern. */
async function loseDatabase(world: RestWorld): Promise<number | null> {
  assert.equal((await world.ask("GET /films")).status, 200);
  await world.postgres.stop();
  return await world.gateway.ended;
}

test("without automatic recovery Postern ends when the connection that listens is lost", async () => {
  const world = await startRest({ sql: SQL, env: OFF });
  try {
    assert.equal(await loseDatabase(world), 1);
    assert.match(world.gateway.output(), WHY);
  } finally {
    await world.stop();
  }
});

test("without automatic recovery and without a channel Postern ends when a request finds no database", async () => {
  const world = await startRest({ sql: SQL, env: { ...OFF, PGRST_DB_CHANNEL_ENABLED: "false" } });
  try {
    assert.equal((await world.ask("GET /films")).status, 200);
    await world.postgres.stop();
    assert.equal((await world.ask("GET /films")).status, 503);
    assert.equal(await world.gateway.ended, 1);
    assert.match(world.gateway.output(), WHY);
  } finally {
    await world.stop();
  }
});

for (const config of ["true", "false"])
  test(`without automatic recovery Postern does not wait for a database that is not there (db-config ${config})`, async () => {
    const port = await freePort();
    const env = {
      ...OFF,
      PGRST_DB_URI: `postgres://authenticator@127.0.0.1:${port}/postgres?sslmode=disable`,
      PGRST_DB_ANON_ROLE: "anon",
      PGRST_DB_CONFIG: config,
      PGRST_SERVER_HOST: "127.0.0.1",
      PGRST_SERVER_PORT: "0",
      POSTERN__LOG__FORMAT: "json",
    };
    const running = async () => {
      const gateway = await startGateway("", { command: ["rest"], env }); // it may end before it has opened
      throw new Error(`the gateway ended with code ${await gateway.ended}; it wrote: ${gateway.output()}`);
    };
    await assert.rejects(running, (error: Error) => {
      assert.match(error.message, /ended with code 1/);
      assert.match(error.message, WHY);
      return true;
    });
  });
