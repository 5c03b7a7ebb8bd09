/** Row 29: every role of the database may notify the channel, and none of them may keep the gateway busy by it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startRest } from "../support/rest.ts";

const NOTIFICATIONS = 100;

test("a flood of notifications costs a reload a second, and the last one is heard", async () => {
  const world = await startRest({ sql: "CREATE TABLE api.films (id int); GRANT ALL ON api.films TO anon;" });
  try {
    const loaded = () => world.gateway.log.filter(({ event }) => event === "config.loaded.v1").length;
    assert.equal((await world.ask("GET /films")).status, 200);
    const [before, since] = [loaded(), Date.now()];
    for (let n = 0; n < NOTIFICATIONS; n++) await world.postgres.query("NOTIFY pgrst, 'reload config'");
    await world.postgres.query(
      "ALTER ROLE authenticator SET pgrst.db_anon_role = 'other'; GRANT ALL ON api.films TO other",
    );
    await world.postgres.query("NOTIFY pgrst, 'reload config'");
    await world.gateway.logged(({ event, role }) => event === "login.allowed.v1" && role === "anon");
    for (;;) {
      const answer = await world.ask("GET /films");
      // The one that runs while its role is taken away is cut.
      assert.ok(answer.status === 200 || answer.text.includes("PGRST303"), answer.text);
      if (world.gateway.log.some(({ event, role }) => event === "login.allowed.v1" && role === "other"))
        break;
    }
    const seconds = Math.ceil((Date.now() - since) / 1000);
    assert.ok(loaded() - before <= seconds + 1, `${loaded() - before} reloads in ${seconds} s`);
  } finally {
    await world.stop();
  }
});
