import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { RawClient, rowValues } from "../support/raw-client.ts";
import { typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

let world: World;
before(async () => {
  world = await startWorld({ cluster: { idleTimeout: "3s" } });
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

// Side by side, since each waits for longer than a session may be idle.
describe("a session that waits", { concurrency: true }, () => {
  test("for a long query is not idle", async () => {
    const client = await world.connect();
    const { rows } = await client.query("SELECT pg_sleep(5), 'the answer' AS text");
    assert.equal(rows[0]["text"], "the answer");
    await client.end();
  });

  test("for the second query of a pipeline is not idle", async () => {
    const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
    await client.logIn("ada", world.token("ada"));
    client.send(query("SELECT 'the first'"), query("SELECT 'the second', pg_sleep(5)"));
    for (const answer of ["the first", "the second"]) {
      const row = (await client.messagesUntil("Z")).find(({ type }) => type === "D");
      assert.equal(row && rowValues(row.body)[0], answer);
    }
    client.vanish();
  });
});

/** A session that was sent a notification before it was idle for too long, which a slow machine may take a few to get. */
async function notified(): Promise<RawClient> {
  for (;;) {
    const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
    await client.logIn("ada", world.token("ada"));
    await client.query("LISTEN news");
    await world.postgres.query("NOTIFY news, 'something happened'");
    if ((await client.message()).type === "A") return client;
  }
}

test("a session that was sent a notification is idle again", async () => {
  const client = await notified();
  assert.equal((await client.refusal()).code, "57P05");
});

const query = (sql: string) => typed("Q", Buffer.from(`${sql}\0`));
