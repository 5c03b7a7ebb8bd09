import assert from "node:assert/strict";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { after, before, test } from "node:test";
import type pg from "pg";
import { askControl, until } from "../support/control.ts";
import { eventually } from "../support/eventually.ts";
import type { Gateway } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";
import { holdLock } from "../support/held-lock.ts";
import { RawClient, rowValues } from "../support/raw-client.ts";
import { typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

interface Place {
  readonly gateway: Gateway;
  connect(): Promise<pg.Client>;
}

/** A gateway of its own for each test, in front of the same PostgreSQL. */
async function place(t: TestContext, drainTimeout: string): Promise<Place> {
  const limits = { ...(world.config["limits"] as object), drainTimeout };
  const gateway = await startGateway({ ...world.config, limits, admin: { port: 0 } });
  t.after(() => gateway.process.kill("SIGKILL"));
  return { gateway, connect: () => world.connect({ port: gateway.port }) };
}

/** How the session ended, as the client was told. */
async function farewell(client: pg.Client): Promise<{ readonly code: string; readonly message: string }> {
  client.on("error", () => {}); // the driver also reports that the connection is closed
  const [error] = await once(client, "error");
  return { code: error.code, message: error.message };
}

/** Resolves when the server runs a query that has `text` in it. */
async function running(text: string): Promise<void> {
  const active = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND usename = 'ada' AND query LIKE '%${text}%'`;
  await until(
    () => world.postgres.query(active),
    (rows) => rows.length > 0,
  );
}

/** What a query waits for until the test lets it go on. */
const GATE = "pg_advisory_xact_lock_shared(1)::text";

/** Shuts the gate, and returns what opens it. */
async function gate(t: TestContext): Promise<() => Promise<void>> {
  const { release } = await holdLock(world.postgres.port, 1);
  t.after(release);
  return release;
}

function drainEnded({ log }: Gateway): number {
  return Number(log.find((line) => line.event === "drain.ended.v1")?.["cut"]);
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal}: a session at rest is told that the gateway shuts down, and to connect again`, async (t) => {
    const { gateway, connect } = await place(t, "60s");
    const client = await connect();
    await client.query("SELECT 1");
    const told = farewell(client);
    const exit = gateway.stop(signal);
    const { code, message } = await told;
    assert.equal(code, "57P01");
    assert.match(
      message,
      /^the session ended because the gateway is shutting down; connect again \([0-9a-f]{12}\)$/,
    );
    assert.equal(await exit, 0);
    assert.equal(drainEnded(gateway), 0);
  });
}

test("a session in a transaction may commit it, and is told then", async (t) => {
  const { gateway, connect } = await place(t, "60s");
  const client = await connect();
  await client.query("BEGIN");
  await client.query("INSERT INTO items VALUES (1001, 'kept')");
  const told = farewell(client);
  const exit = gateway.stop();
  await gateway.logged((line) => line.event === "door.closed.v1" && line["door"] === "postgres");
  await client.query("UPDATE items SET name = 'still kept' WHERE id = 1001");
  await client.query("COMMIT");
  assert.equal((await told).code, "57P01");
  assert.equal(await exit, 0);
  assert.equal(drainEnded(gateway), 0);
  assert.deepEqual(await world.postgres.query("SELECT name FROM items WHERE id = 1001"), [
    { name: "still kept" },
  ]);
});

test("a query that runs gets its answer before the session ends", async (t) => {
  const { gateway, connect } = await place(t, "60s");
  const client = await connect();
  const told = farewell(client);
  const release = await gate(t);
  const answer = client.query(`SELECT ${GATE}, 'the answer' AS text`);
  await running("the answer");
  const exit = gateway.stop();
  await gateway.logged((line) => line.event === "drain.started.v1");
  await release();
  assert.equal((await answer).rows[0]["text"], "the answer");
  assert.equal((await told).code, "57P01");
  assert.equal(await exit, 0);
});

test("every query of a pipeline gets its answer before the session ends", async (t) => {
  const { gateway } = await place(t, "60s");
  const client = await RawClient.tls({ port: gateway.port, ca: world.ca });
  await client.logIn("ada", world.token("ada"));
  const release = await gate(t);
  client.send(
    ...pipelined(`SELECT 'the first', ${GATE}`),
    ...pipelined("SELECT 'the second', pg_sleep(0.3)"),
    typed("Q", Buffer.from("SELECT 'the third', pg_sleep(0.3)\0")),
  );
  await running("the first");
  const exit = gateway.stop();
  await gateway.logged((line) => line.event === "drain.started.v1");
  await release();
  const messages = await client.messagesUntil("E");
  const rows = messages.filter(({ type }) => type === "D").map(({ body }) => rowValues(body)[0]);
  assert.deepEqual(rows, ["the first", "the second", "the third"]);
  assert.equal(await exit, 0);
  assert.equal(drainEnded(gateway), 0);
});

test("a session that was last sent a notification is at rest", async (t) => {
  const { gateway } = await place(t, "60s");
  const client = await RawClient.tls({ port: gateway.port, ca: world.ca });
  await client.logIn("ada", world.token("ada"));
  await client.query("LISTEN news");
  await world.postgres.query("NOTIFY news, 'something happened'");
  assert.equal((await client.message()).type, "A");
  const exit = gateway.stop();
  assert.equal((await client.refusal()).code, "57P01");
  assert.equal(await exit, 0);
  assert.equal(drainEnded(gateway), 0);
});

/** A query as drivers send it in a pipeline, with a Sync of its own. */
function pipelined(sql: string): Buffer[] {
  const parse = typed("P", Buffer.from(`\0${sql}\0\0\0`));
  const execute = typed("E", Buffer.from("\0\0\0\0\0"));
  return [parse, typed("B", Buffer.alloc(8)), execute, typed("S", Buffer.alloc(0))];
}

test("while it drains, Postern takes no login, is live, and says that it is not ready", async (t) => {
  const { gateway, connect } = await place(t, "60s");
  const client = await connect();
  await client.query("BEGIN");
  const told = farewell(client);
  const exit = gateway.stop();
  await gateway.logged((line) => line.event === "door.closed.v1" && line["door"] === "postgres");
  await assert.rejects(connect(), { code: "ECONNREFUSED" });
  assert.equal((await askControl(gateway, "/livez")).status, 200);
  const ready = await askControl(gateway, "/readyz");
  assert.equal(ready.status, 503);
  assert.match(ready.text, /\{"check":"draining","ok":false,"detail":"Postern is shutting down"\}/);
  assert.match((await askControl(gateway, "/metrics")).text, /^postern_draining 1$/m);
  await client.query("COMMIT");
  await told;
  assert.equal(await exit, 0);
});

test("what outlasts the drain time is cut, and its transaction is rolled back", async (t) => {
  const { gateway, connect } = await place(t, "1s");
  const client = await connect();
  await client.query("BEGIN");
  await client.query("INSERT INTO items VALUES (1002, 'lost')");
  const told = farewell(client);
  assert.equal(await gateway.stop(), 0);
  assert.equal((await told).code, "57P01");
  assert.equal(drainEnded(gateway), 1);
  assert.deepEqual(await world.postgres.query("SELECT 1 FROM items WHERE id = 1002"), []);
});

test("a query that outlasts the drain time is cancelled", async (t) => {
  const { gateway, connect } = await place(t, "1s");
  const client = await connect();
  client.on("error", () => {});
  const failed = assert.rejects(client.query("SELECT pg_sleep(600)"));
  await running("pg_sleep(600)");
  assert.equal(await gateway.stop(), 0);
  await failed;
  assert.equal(drainEnded(gateway), 1);
});

test("code that catches its cancellation ends with the gateway", async (t) => {
  const { gateway, connect } = await place(t, "1s");
  const client = await connect();
  client.on("error", () => {});
  const caught = "BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END";
  const failed = assert.rejects(client.query(`DO $$ BEGIN LOOP ${caught}; END LOOP; END $$`));
  await running("query_canceled");
  assert.equal(await gateway.stop(), 0);
  await failed;
  // It was told to; PostgreSQL takes a moment until it is gone, where 60 s of sleep are left otherwise.
  const left = () => world.postgres.query("SELECT 1 FROM pg_stat_activity WHERE usename = 'ada'");
  await eventually("the server process is gone", async () => (await left()).length === 0);
});

test("a second signal does not wait for the drain time", async (t) => {
  const { gateway, connect } = await place(t, "10m");
  const client = await connect();
  await client.query("BEGIN");
  const told = farewell(client);
  const exit = gateway.stop();
  await gateway.logged((line) => line.event === "drain.started.v1");
  gateway.process.kill("SIGTERM");
  assert.equal((await told).code, "57P01");
  assert.equal(await exit, 0);
  assert.equal(drainEnded(gateway), 1);
});
