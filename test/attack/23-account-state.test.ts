import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { once, upstreamsOf } from "../support/upstream-suite.ts";

const login = { method: "shared-password", password: "secret-of-roles" };
let server: TestPostgres;

before(async () => {
  server = await startPostgres({
    sql: `
      CREATE ROLE app LOGIN PASSWORD 'secret-of-roles';
      CREATE ROLE lapsed LOGIN PASSWORD 'secret-of-roles' VALID UNTIL '2001-01-01';
      CREATE ROLE sleeper NOLOGIN PASSWORD 'secret-of-roles';
      CREATE ROLE full_up LOGIN CONNECTION LIMIT 0 PASSWORD 'secret-of-roles';
      CREATE ROLE passwordless LOGIN;
      REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
      GRANT CONNECT ON DATABASE postgres TO app, lapsed, sleeper, full_up, passwordless;
      CREATE ROLE kept_out LOGIN PASSWORD 'secret-of-roles'`,
  });
});

after(() => server.stop());

const to = upstreamsOf(() => server);

const refused: Readonly<Record<string, readonly [sqlstate: string, message: RegExp]>> = {
  lapsed: ["28P01", /password authentication failed/],
  sleeper: ["28000", /not permitted to log in/],
  full_up: ["53300", /too many connections for role/],
  passwordless: ["28P01", /password authentication failed/],
  nobody_at_all: ["28P01", /password authentication failed/],
  kept_out: ["42501", /permission denied for database/],
};

for (const [role, [sqlstate, message]] of Object.entries(refused)) {
  test(`attack 23: the server's own rule for the account ${role} holds, and its words reach the client`, async () => {
    const upstream = to({ login });
    await assert.rejects(upstream.open(role), { name: "UpstreamRefused", sqlstate, message });
    assert.deepEqual(await once(upstream, "app", "SELECT 1"), [["1"]]);
  });
}

test("attack 23: a role that may log in no more gets no new session, whatever was remembered of it", async () => {
  const upstream = to({ login });
  await once(upstream, "app", "SELECT 1");
  await server.query("ALTER ROLE app NOLOGIN");
  await assert.rejects(upstream.open("app"), { name: "UpstreamRefused", sqlstate: "28000" });
  await server.query("ALTER ROLE app LOGIN");
});
