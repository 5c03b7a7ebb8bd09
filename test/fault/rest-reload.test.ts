/** A reload of the configuration meets requests at every point of their way, and spoils none of them. */

import assert from "node:assert/strict";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request } from "node:http";
import { test } from "node:test";
import { until } from "../support/control.ts";
import type { LogLine } from "../support/gateway.ts";
import { holdLock } from "../support/held-lock.ts";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const ROWS = JSON.stringify(Array.from({ length: 5000 }, (_, n) => ({ id: n, body: "x".repeat(50) })));
const SQL = "CREATE TABLE api.notes (id int, body text);";

/** A transaction that outlives its connection holds what every load of the catalog reads. */
const HELD = `${SQL} COMMIT; BEGIN; LOCK TABLE pg_description; PREPARE TRANSACTION 'no load';`;
const LET_GO = "ROLLBACK PREPARED 'no load'";

function count(world: RestWorld, event: string, door?: string): number {
  const wanted = (line: LogLine) => line.event === event && (door === undefined || line["door"] === door);
  return world.gateway.log.filter(wanted).length;
}

/** Resolves with the next event of a kind that is logged after `before` of them. */
async function another(world: RestWorld, event: string, before: number): Promise<void> {
  await world.gateway.logged(() => count(world, event) > before);
}

/** Sends the head of a request and half of its body; resolves when the door has admitted it. */
async function half(world: RestWorld): Promise<{ sent: ClientRequest; response: Promise<IncomingMessage> }> {
  const { port } = world.gateway;
  const headers = {
    authorization: `Bearer ${world.token("web", { jti: "half" })}`, // a session of its own
    "content-type": "application/json",
    "content-length": ROWS.length,
  };
  const sessions = count(world, "session.started.v1");
  const sent = request({ host: "127.0.0.1", port, method: "POST", path: "/notes", headers });
  const response = new Promise<IncomingMessage>((done, fail) => sent.on("response", done).on("error", fail));
  sent.write(ROWS.slice(0, ROWS.length / 2));
  await another(world, "session.started.v1", sessions);
  return { sent, response };
}

/** Has the configuration read again; resolves when the door before has given up what it does not need any more. */
async function reload(world: RestWorld): Promise<void> {
  const listeners = () =>
    world.postgres.query("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' ORDER BY pid");
  const before = await until(listeners, (list) => list.length === 1);
  const loaded = count(world, "config.loaded.v1");
  await world.postgres.query(
    "ALTER ROLE authenticator SET pgrst.db_max_rows = '7'; NOTIFY pgrst, 'reload config'",
  );
  await another(world, "config.loaded.v1", loaded);
  await until(listeners, (list) => list.length === 1 && list[0]?.["pid"] !== before[0]?.["pid"]);
}

async function finish(world: RestWorld, { sent, response }: Awaited<ReturnType<typeof half>>): Promise<void> {
  sent.end(ROWS.slice(ROWS.length / 2));
  const { statusCode } = (await response).resume();
  assert.equal(statusCode, 201);
  const [kept] = await world.postgres.query("SELECT count(*)::int AS count FROM api.notes");
  assert.deepEqual(kept, { count: 5000 });
}

test("a request whose body is still coming when the configuration is read again is served", async () => {
  const world = await startRest({ sql: SQL });
  try {
    await world.gateway.logged(({ event }) => event === "catalog.loaded.v1");
    const begun = await half(world);
    await reload(world);
    await finish(world, begun);
  } finally {
    await world.stop();
  }
});

test("a request that waits for the first catalog when the configuration is read again is served", async () => {
  const settings = { max_prepared_transactions: "1" };
  const world = await startRest({ sql: HELD, postgres: { settings } });
  try {
    const begun = await half(world);
    await reload(world);
    assert.equal(count(world, "catalog.loaded.v1"), 0);
    await world.postgres.query(LET_GO);
    await finish(world, begun);
  } finally {
    await world.stop();
  }
});

test("who leaves while the first catalog is loaded is not waited for, and neither is the catalog", async () => {
  const settings = { max_prepared_transactions: "1" };
  const world = await startRest({ sql: HELD, postgres: { settings } });
  try {
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${world.token("web")}` };
    const asked = fetch(`${world.url}/notes`, { headers, signal: leaving.signal });
    await world.gateway.logged(({ event }) => event === "session.started.v1");
    leaving.abort();
    await assert.rejects(asked);
    await world.gateway.logged(({ event, status }) => event === "request.v1" && status === 499);
    assert.equal(await world.gateway.stop(), 0);
    assert.equal(count(world, "catalog.loaded.v1"), 0);
  } finally {
    await world.postgres.query(LET_GO);
    await world.stop();
  }
});

for (const workers of ["1", "2"])
  test(`Postern ends when it is told to while its configuration is read again (${workers} workers)`, async () => {
    const wait = "BEGIN PERFORM pg_advisory_xact_lock_shared(1); END";
    const world = await startRest({
      sql: `CREATE FUNCTION public.settings() RETURNS void LANGUAGE plpgsql AS $$ ${wait} $$;`,
      env: {
        PGRST_DB_PRE_CONFIG: "public.settings",
        PGRST_ADMIN_SERVER_PORT: "0",
        POSTERN__DOORS__REST__WORKERS: workers,
      },
    });
    const lock = await holdLock(world.postgres.port, 1);
    try {
      world.gateway.process.kill("SIGHUP");
      const waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
      await until(
        () => world.postgres.query(waiting),
        ({ length }) => length > 0,
      );
      const ended = world.gateway.stop();
      await world.gateway.logged(({ event, door }) => event === "door.closed.v1" && door === "control");
      await lock.release();
      assert.equal(await ended, 0);
    } finally {
      await lock.release();
      await world.stop();
    }
  });
