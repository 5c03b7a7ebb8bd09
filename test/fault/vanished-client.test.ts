import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import type { Baseline } from "../support/leaks.ts";
import { baseline } from "../support/leaks.ts";
import { RawClient } from "../support/raw-client.ts";
import { typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld({ postgres: { settings: { log_connections: "on" } } });
  clean = await baseline(world);
});
after(() => world.stop());

async function loggedIn(): Promise<RawClient> {
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  await client.logIn("ada", world.token("ada"));
  return client;
}

const query = (sql: string) => typed("Q", Buffer.from(`${sql}\0`));
const terminate = typed("X", Buffer.alloc(0));

test("a query whose client vanished before it was answered is cancelled", async () => {
  const client = await loggedIn();
  client.send(query("SELECT pg_sleep(600)"));
  await eventually("the query runs", async () => {
    const rows = await world.postgres.query(
      "SELECT 1 FROM pg_stat_activity WHERE usename = 'ada' AND query LIKE '%pg_sleep(600)' AND state = 'active'",
    );
    return rows.length > 0;
  });
  client.vanish();
  await clean.holds();
});

test("a query with a goodbye behind it is run to its end", async () => {
  const client = await loggedIn();
  client.send(query("SELECT pg_sleep(0.3); INSERT INTO items VALUES (7000, 'sent and left')"), terminate);
  client.socket.end();
  await client.gone();
  await clean.holds();
  const rows = await world.postgres.query("SELECT name FROM items WHERE id = 7000");
  assert.deepEqual(rows, [{ name: "sent and left" }]);
});

test("a client at rest that says goodbye causes no cancel request", async () => {
  const lines = (text: string) => world.postgres.lines.filter((line) => line.includes(text)).length;
  // A cancel request is a connection that is received and never authorized.
  const cancels = () => lines("connection received") - lines("connection authorized");
  const before = cancels();
  const client = await loggedIn();
  await client.query("SELECT 1");
  client.send(terminate);
  await client.gone();
  await clean.holds();
  assert.equal(cancels(), before);
});
