import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../../../support/eventually.ts";
import { poolsOf } from "../../../support/pool.ts";
import { startPostgres, type TestPostgres } from "../../../support/postgres.ts";

const SQL = `
CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD 'the pool''s own'; CREATE ROLE web; GRANT web TO authenticator;
`;

let server: TestPostgres;
before(async () => {
  server = await startPostgres({ hba: ["hostssl all all 127.0.0.1/32 scram-sha-256"], sql: SQL });
});
after(() => server.stop());
const pool = poolsOf(() => [server.port]);

test("the pool logs in with its role's password over verified TLS, and cancels over TLS too", async () => {
  const login = { method: "role-password", passwords: { authenticator: "the pool's own" } };
  const { ask } = pool({ cluster: { tls: { caFile: server.caFile }, login }, settings: { size: 1 } });
  assert.deepEqual(await ask("web", "SELECT session_user"), [["authenticator"]]);
  const encrypted =
    "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'authenticator'";
  assert.deepEqual(await server.query(encrypted), [{ ssl: true }]);
  const abort = new AbortController();
  const running = assert.rejects(ask("web", "SELECT pg_sleep(60)", { abort: abort.signal }), {
    code: "pool/aborted",
  });
  await eventually("it runs", async () => {
    const rows = await server.query(
      "SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'",
    );
    return rows.length > 0;
  });
  abort.abort();
  await running;
  assert.deepEqual(await ask("web", "SELECT 1"), [["1"]]);
});

test("a wrong password is the server's refusal, and the pool tries again with the next request", async () => {
  const login = { method: "shared-password", password: "wrong" };
  const { ask, events } = pool({ cluster: { tls: { caFile: server.caFile }, login } });
  for (let n = 0; n < 2; n++)
    await assert.rejects(ask("web", "SELECT 1"), { name: "UpstreamRefused", sqlstate: "28P01" });
  const [failure] = events.filter(({ event }) => event === "upstream.failed.v1");
  assert.ok(failure?.event === "upstream.failed.v1" && failure.session === undefined);
});
