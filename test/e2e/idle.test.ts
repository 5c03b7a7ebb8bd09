import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

let world: World;
before(async () => {
  world = await startWorld({ cluster: { idleTimeout: "1s" } });
});
after(() => world.stop());

test("a session that is idle for too long is told so", async () => {
  const client = await world.connect();
  const told = once(client, "error");
  client.on("error", () => {}); // the driver also reports that the connection is closed
  const [error] = await told;
  assert.equal(error.code, "57P05");
  assert.match(error.message, /was idle for too long; connect again/);
});

test("a session that waits for a long query is not idle", async () => {
  const client = await world.connect();
  const { rows } = await client.query("SELECT pg_sleep(2.5), 'the answer' AS text");
  assert.equal(rows[0]["text"], "the answer");
  await client.end();
});
