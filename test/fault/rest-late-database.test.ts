import assert from "node:assert/strict";
import { test } from "node:test";
import { askControl, until } from "../support/control.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway } from "../support/gateway.ts";
import { startPostgres } from "../support/postgres.ts";

test("a database that comes late is asked for its settings before the first request is answered", async () => {
  const port = await freePort();
  const gateway = await startGateway("", {
    command: ["rest"],
    env: {
      PGRST_DB_URI: `postgres://authenticator@127.0.0.1:${port}/postgres?sslmode=disable`,
      PGRST_DB_ANON_ROLE: "anon",
      PGRST_DB_MAX_ROWS: "5",
      PGRST_SERVER_HOST: "127.0.0.1",
      PGRST_SERVER_PORT: "0",
      PGRST_ADMIN_SERVER_PORT: "0",
      PGRST_LOG_LEVEL: "info",
      POSTERN__LOG__FORMAT: "json",
    },
  });
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${gateway.port}/films`);
    return { status: response.status, text: await response.text() };
  };
  try {
    const early = await ask();
    assert.deepEqual([early.status, JSON.parse(early.text).code], [503, "PGRST002"]);
    assert.equal((await askControl(gateway, "/ready")).status, 503);
    const refused = await gateway.logged(({ event }) => event === "config.refused.v1");
    assert.match(String(refused["detail"]), /connect|ECONNREFUSED/i);
    const postgres = await startPostgres({
      port,
      tls: false,
      hba: ["host all all 127.0.0.1/32 trust"],
      sql: `
        CREATE ROLE authenticator LOGIN NOINHERIT; CREATE ROLE anon; GRANT anon TO authenticator;
        CREATE TABLE films AS SELECT generate_series(1, 9) AS id; GRANT SELECT ON films TO anon;
        ALTER ROLE authenticator SET pgrst.db_max_rows = '2';
      `,
    });
    try {
      const answer = await until(ask, ({ status }) => status !== 503);
      assert.equal(answer.status, 200);
      assert.equal(JSON.parse(answer.text).length, 2);
      assert.equal((await askControl(gateway, "/ready")).status, 200);
    } finally {
      await postgres.stop();
    }
  } finally {
    await gateway.stop();
  }
});
