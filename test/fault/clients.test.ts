import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import type { Baseline } from "../support/leaks.ts";
import { backends, baseline, residentBytes, socketsOf } from "../support/leaks.ts";
import { RawClient } from "../support/raw-client.ts";
import { typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

const MB = 1024 * 1024;
/** What waits for a client that does not read must wait at the server: this much may be on its way. */
const ON_ITS_WAY = 48 * MB;
const STRANGERS = 500;

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld({
    limits: { unauthenticatedPerAddress: 2 * STRANGERS, unauthenticated: 2 * STRANGERS },
    postgres: {
      settings: { log_connections: "receipt,authorization" },
      sql: "GRANT CREATE ON SCHEMA public TO ada;",
    },
  });
  clean = await baseline(world);
});
after(() => world.stop());

const query = (sql: string) => typed("Q", Buffer.from(`${sql}\0`));

async function loggedIn(): Promise<RawClient> {
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  await client.logIn("ada", world.token("ada"));
  return client;
}

async function active(): Promise<void> {
  await eventually("the query runs", async () =>
    (await backends(world)).some(({ state }) => state === "active"),
  );
}

async function goneSoon({ processId }: RawClient): Promise<void> {
  const gone = async () => !(await backends(world)).some(({ pid }) => pid === processId);
  await eventually("the server process is gone", gone);
}

const vanishings: readonly [string, (client: RawClient) => Promise<void>][] = [
  [
    "in a long query that says nothing",
    async (client) => {
      client.send(query("SELECT pg_sleep(600)"));
      await active();
    },
  ],
  [
    "in a long query through the extended protocol",
    async (client) => {
      const sql = typed("P", Buffer.from("\0SELECT pg_sleep(600)\0\0\0"));
      client.send(sql, typed("B", Buffer.alloc(8)), typed("E", Buffer.alloc(5)), typed("S", Buffer.alloc(0)));
      await active();
    },
  ],
  [
    "in COPY out",
    async (client) => {
      client.send(query("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000000)) TO STDOUT"));
      await client.messagesUntil("d");
    },
  ],
  [
    "in COPY in",
    async (client) => {
      client.send(query("COPY items FROM STDIN"));
      await client.messagesUntil("G");
      client.send(typed("d", Buffer.from("1000\tnever\n")));
    },
  ],
  [
    "in COPY in, in the middle of a row",
    async (client) => {
      client.send(query("COPY items FROM STDIN"));
      await client.messagesUntil("G");
      client.send(typed("d", Buffer.from("1000\tnever\n")).subarray(0, 9));
    },
  ],
  [
    "in a transaction",
    async (client) => {
      await client.query("BEGIN; INSERT INTO items VALUES (1000, 'never')");
    },
  ],
  [
    "in a pipeline",
    async (client) => {
      client.send(typed("P", Buffer.from("\0SELECT 1\0\0\0")), typed("B", Buffer.alloc(8)));
    },
  ],
];

for (const [when, prepare] of vanishings) {
  for (const how of ["closes", "resets"] as const) {
    test(`a client that ${how} its connection ${when} leaves nothing behind`, async () => {
      const client = await loggedIn();
      await prepare(client);
      if (how === "closes") client.socket.destroy();
      else client.reset();
      await goneSoon(client);
      const [left] = await world.postgres.query(
        "SELECT count(*)::integer AS rows FROM items WHERE name = 'never'",
      );
      assert.equal(left?.["rows"], 0);
      await clean.holds();
    });
  }
}

test("a query that was sent with Terminate behind it runs to its end, as on the server itself", async () => {
  const client = await loggedIn();
  client.send(query("CREATE TABLE last_words AS SELECT FROM pg_sleep(0.3)"), typed("X", Buffer.alloc(0)));
  client.socket.end();
  await eventually("the table is there", async () => {
    const [row] = await world.postgres.query("SELECT to_regclass('last_words') AS name");
    return row?.["name"];
  });
  await clean.holds();
});

test("a session that logs out costs the server no cancel request", async () => {
  const before = await cancelRequests();
  await world.freshLoginWorks();
  await clean.settled();
  assert.equal(await cancelRequests(), before);
});

let marks = 0;

/** Resolves when all that the server has logged until now was read. */
async function logIsRead(): Promise<void> {
  const mark = `mark ${marks++} of the tests`;
  await world.postgres.query(`DO $$ BEGIN RAISE LOG '${mark}'; END $$`);
  await eventually("the mark is read", () => world.postgres.lines.some((line) => line.includes(mark)));
}

/** Connections that the server received and that did not log in. */
async function cancelRequests(): Promise<number> {
  await logIsRead();
  const count = (what: string) => world.postgres.lines.filter((line) => line.includes(what)).length;
  return count("connection received") - count("connection authorized");
}

test(`attack 31: ${STRANGERS} clients that never log in do not keep others out`, async () => {
  const strangers = await Promise.all(
    Array.from({ length: STRANGERS }, () => RawClient.plain({ port: world.gateway.port })),
  );
  for (let login = 0; login < 20; login++) await world.freshLoginWorks();
  assert.ok(socketsOf(world.gateway.pid) >= STRANGERS);
  for (const stranger of strangers) stranger.vanish();
  await clean.holds();
});

test("attack 31: 200 MB that wait for a client that does not read wait at the server", async () => {
  const client = await loggedIn();
  const before = residentBytes(world.gateway.pid);
  client.send(query("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 200000)) TO STDOUT"));
  await client.messagesUntil("H");
  client.socket.pause();
  await eventually("the server waits for its client", async () => {
    const rows = await world.postgres.query("SELECT wait_event FROM pg_stat_activity WHERE usename = 'ada'");
    return rows[0]?.["wait_event"] === "ClientWrite";
  });
  for (let login = 0; login < 20; login++) await world.freshLoginWorks();
  const more = residentBytes(world.gateway.pid) - before;
  assert.ok(more < ON_ITS_WAY, `${Math.round(more / MB)} MB more`);
  const received = client.received;
  client.socket.resume();
  await client.messagesUntil("Z");
  assert.ok(client.received - received > 150 * MB, `only ${client.received - received} bytes had waited`);
  client.vanish();
  await clean.holds();
});

test("attack 31: 200 MB that a client sends to a server that does not read wait at the client", async () => {
  const holder = await world.connect();
  await holder.query("BEGIN; CREATE TABLE sink (data text)");
  await holder.query("COMMIT; BEGIN; LOCK TABLE sink IN ACCESS EXCLUSIVE MODE");
  const client = await loggedIn();
  const before = residentBytes(world.gateway.pid);
  client.send(query("COPY sink FROM STDIN"));
  const row = typed("d", Buffer.from(`${"x".repeat(MB)}\n`));
  for (let sent = 0; sent < 200; sent++) client.socket.write(row);
  client.socket.write(typed("c", Buffer.alloc(0)));
  await eventually("the copy waits for the lock", async () => {
    const rows = await world.postgres.query(
      "SELECT wait_event_type FROM pg_stat_activity WHERE query LIKE 'COPY sink%'",
    );
    return rows[0]?.["wait_event_type"] === "Lock";
  });
  for (let login = 0; login < 20; login++) await world.freshLoginWorks();
  const more = residentBytes(world.gateway.pid) - before;
  assert.ok(more < ON_ITS_WAY, `${Math.round(more / MB)} MB more`);
  assert.ok(client.socket.writableLength > 150 * MB);
  await holder.query("COMMIT");
  await client.messagesUntil("Z");
  const [count] = await world.postgres.query("SELECT count(*)::integer AS rows FROM sink");
  assert.equal(count?.["rows"], 200);
  client.vanish();
  await holder.end();
  await clean.holds();
});
