import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { once, upstreamsOf } from "../support/upstream-suite.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

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

/** How an account is closed, and opened again, and what its next login is told. */
const closings: readonly (readonly [close: string, open: string, sqlstate: string])[] = [
  ["ALTER ROLE ada NOLOGIN", "ALTER ROLE ada LOGIN", "28000"],
  ["ALTER ROLE ada VALID UNTIL '2001-01-01'", "ALTER ROLE ada VALID UNTIL 'infinity'", "28P01"],
  ["ALTER ROLE ada CONNECTION LIMIT 0", "ALTER ROLE ada CONNECTION LIMIT -1", "53300"],
  [
    "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",
    "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
    "42501",
  ],
];

for (const warmSpares of [0, 2]) {
  describe(`attack 23: through the wire door, with ${warmSpares} spares ready`, () => {
    let world: World;
    before(async () => {
      world = await startWorld({ cluster: { warmSpares } });
    });
    after(() => world.stop());

    for (const [close, open, sqlstate] of closings) {
      test(`attack 23: ${close} counts for the very next login`, async () => {
        await world.freshLoginWorks();
        const idle = "SELECT 1 FROM pg_stat_activity WHERE usename = 'ada' AND state = 'idle'";
        await eventually("the spares are ready", async () => {
          return (await world.postgres.query(idle)).length === warmSpares;
        });
        await world.postgres.query(close);
        await assert.rejects(world.connect(), { code: sqlstate });
        await world.postgres.query(open);
        await world.freshLoginWorks();
      });
    }
  });
}
