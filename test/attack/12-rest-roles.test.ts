/** Rows 9, 12 and 14 at the REST door: who a token makes of its bearer, and what the database is told of it. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Json } from "../../src/identity/identity.ts";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const SQL = `
  CREATE FUNCTION api.me() RETURNS json LANGUAGE sql STABLE AS $$
    SELECT json_build_object('user', current_user, 'role', current_setting('request.jwt.claims')::json -> 'role')
  $$;
  CREATE ROLE "WEB"; CREATE ROLE boss SUPERUSER; CREATE ROLE deputy; GRANT boss TO deputy;
  GRANT "WEB", boss, deputy, pg_read_all_data TO authenticator;
  GRANT USAGE ON SCHEMA api TO PUBLIC;
`;

suite("12: the role that a token names", () => {
  let world: RestWorld;
  before(async () => {
    // PostgREST's own settings leave it to GRANT who may be whom.
    world = await startRest({ sql: SQL, env: { POSTERN__CLUSTERS__0__PRIVILEGED_ROLES: "[]" } });
  });
  after(() => world?.stop());

  const refused: readonly (readonly [claim: Json, statuses: readonly number[]])[] = [
    ["none", [401]],
    ["NONE", [401]],
    ["Web", [401]],
    ["web ", [401]],
    ['"web"', [401]],
    ["web, boss", [401]],
    ["ｗeb", [401]],
    ["we\u200bb", [401]],
    ["web\u0000x", [401, 403]],
    ["", [401, 403]],
    ["x".repeat(64), [401, 403]],
    [7, [401, 403]],
    [true, [401, 403]],
    [{ web: "web" }, [401, 403]],
    [
      ["web", 7],
      [401, 403],
    ],
    ["boss", [403]],
    ["deputy", [403]],
    ["postgres", [403]],
    ["pg_read_all_data", [403]],
    ["session_user", [401]],
    ["current_user", [401]],
  ];
  for (const [role, statuses] of refused)
    test(`${JSON.stringify(role).slice(0, 40)} is nobody's`, async () => {
      const authorization = `Bearer ${world.token("x", { role })}`;
      const answer = await world.ask("GET /rpc/me", { headers: { authorization } });
      assert.ok(statuses.includes(answer.status), `${answer.status} ${answer.text}`);
    });

  for (const role of ["web", "WEB"])
    test(`${role} is taken to the byte`, async () => {
      assert.deepEqual((await world.ask("GET /rpc/me", { as: role })).json(), { user: role, role });
    });

  test("a token without a role is the anonymous one, and never the one that logged in", async () => {
    const authorization = `Bearer ${world.token("x", { role: undefined })}`;
    const answer = await world.ask("GET /rpc/me", { headers: { authorization } });
    assert.deepEqual(answer.json(), { user: "anon", role: "anon" });
  });
});

test("14: a claim that decides nothing does not tell the database another role", async () => {
  const world = await startRest({ sql: SQL, env: { PGRST_JWT_ROLE_CLAIM_KEY: "$.app.role" } });
  try {
    const me = async (claims: Readonly<Record<string, Json>>) => {
      const authorization = `Bearer ${world.token("boss", claims)}`;
      return (await world.ask("GET /rpc/me", { headers: { authorization } })).json();
    };
    assert.deepEqual(await me({ app: { role: "web" } }), { user: "web", role: "web" });
    assert.deepEqual(await me({ app: {} }), { user: "anon", role: "anon" });
  } finally {
    await world.stop();
  }
});

suite("14: settings of a role", () => {
  let world: RestWorld;
  before(async () => {
    world = await startRest({
      sql: `${SQL}
        CREATE FUNCTION api.settings() RETURNS json LANGUAGE sql STABLE AS $$
          SELECT json_build_array(current_user, current_setting('request.jwt.claims')::json -> 'role',
            current_setting('search_path'), current_setting('statement_timeout'),
            current_setting('log_min_duration_statement'))
        $$;
        CREATE FUNCTION api.stay() RETURNS text LANGUAGE sql AS $$ SELECT set_config('role', 'other', false) $$;
        DO $$ BEGIN
          IF current_setting('server_version_num')::int >= 150000 THEN
            EXECUTE 'GRANT SET ON PARAMETER log_min_duration_statement TO authenticator';
          END IF;
        END $$;
        ALTER ROLE web SET log_min_duration_statement = '7s'; ALTER ROLE web SET statement_timeout = '9s';
        ALTER ROLE web SET search_path = pg_temp; ALTER ROLE web SET request.jwt.claims = '{"role":"boss"}';
        ALTER ROLE web SET role = 'other';
      `,
      env: { PGRST_DB_POOL: "1" },
    });
  });
  after(() => world?.stop());

  /** Before PostgreSQL 15 nobody could be granted what only superusers may set. */
  const logging = () => (world.postgres.major >= 15 ? "7s" : "-1");
  const expected = () => ["web", "web", '"api", "public"', "9s", logging()];
  test("they hold, by the rights of the one that logged in, and never in place of what the request said", async () => {
    assert.deepEqual((await world.ask("GET /rpc/settings", { as: "web" })).json(), expected());
  });

  test("they hold also when the request before has left the connection to another role", async () => {
    for (const method of ["POST", "GET"]) await world.ask(`${method} /rpc/stay`);
    assert.deepEqual((await world.ask("GET /rpc/settings", { as: "web" })).json(), expected());
  });
});
