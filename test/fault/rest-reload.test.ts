/** A reload of the configuration meets requests at every point of their way, and spoils none of them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, test } from "node:test";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

let world: RestWorld;
before(async () => {
  world = await startRest({ sql: "CREATE TABLE api.notes (id int, body text);" });
});
after(() => world?.stop());

test("a request whose body is still coming when the configuration is read again is served", async () => {
  const rows = JSON.stringify(Array.from({ length: 5000 }, (_, n) => ({ id: n, body: "x".repeat(50) })));
  const { port } = world.gateway;
  const headers = {
    authorization: `Bearer ${world.token("web")}`,
    "content-type": "application/json",
    "content-length": rows.length,
  };
  const sent = request({ host: "127.0.0.1", port, method: "POST", path: "/notes", headers });
  const answered = once(sent, "response");
  const half = rows.length / 2;
  sent.write(rows.slice(0, half));
  await world.gateway.logged(({ event }) => event === "session.started.v1"); // its head was read
  await world.postgres.query(
    "ALTER ROLE authenticator SET pgrst.db_max_rows = '7'; NOTIFY pgrst, 'reload config'",
  );
  await world.gateway.logged(({ event }) => event === "config.loaded.v1");
  for (let settled = false; !settled; ) {
    const answer = await world.ask("GET /rpc/nothing", { as: "web" });
    settled = answer.status === 404 && world.gateway.log.filter(isCatalogLoad).length > 1;
  }
  sent.end(rows.slice(half));
  const [response] = await answered;
  assert.equal(response.statusCode, 201);
  response.resume();
  const [kept] = await world.postgres.query("SELECT count(*)::int AS count FROM api.notes");
  assert.deepEqual(kept, { count: 5000 });
});

function isCatalogLoad({ event }: { readonly event?: string }): boolean {
  return event === "catalog.loaded.v1";
}
