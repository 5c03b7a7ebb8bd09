/** Row 15 through HTTP where it is quickest: rows by their keys, whose policies do to the connection what they can. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { race } from "../support/race.ts";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const ROLES = ["red", "green", "blue"] as const;
const REQUESTS = 3000;
const CLIENTS = 24;
const POOL = 3;

const SQL = `
  ${ROLES.map((role) => `CREATE ROLE ${role}; GRANT ${role} TO authenticator; GRANT USAGE ON SCHEMA api TO ${role};`).join("\n")}
  CREATE TABLE api.diary (id int PRIMARY KEY, owner text, claim text);
  INSERT INTO api.diary SELECT n, r, c FROM unnest('{${ROLES}}'::text[]) WITH ORDINALITY AS roles (r, at),
    generate_series(0, 4) c, LATERAL (SELECT 10 * at + c AS n) AS number;
  GRANT SELECT ON api.diary TO ${ROLES};
  -- A number of each identity's own: the names of the roles are of different lengths.
  CREATE FUNCTION public.mine() RETURNS int STABLE LANGUAGE sql AS $$
    SELECT 100 * length(current_user) + (current_setting('request.jwt.claims')::json ->> 'n')::int $$;
  -- Runs in every read. It tells when it finds anything of another identity, and leaves something to be found.
  CREATE FUNCTION public.policy(owner text, claim text) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
      deed text := current_setting('request.headers')::json ->> 'x-deed';
      found text := nullif(current_setting('app.secret', true), '');
      n text := current_setting('request.headers')::json ->> 'x-n';
    BEGIN
      IF split_part(found, ' ', 1) <> public.mine()::text OR session_user <> 'authenticator'
        OR EXISTS (SELECT FROM pg_listening_channels() AS channel WHERE channel <> 'c' || public.mine())
        OR EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND objid <> public.mine())
      THEN RAISE SQLSTATE 'PT418' USING MESSAGE = format('%s found %s', n, found); END IF;
      PERFORM set_config('app.secret', public.mine() || ' ' || n, false);
      IF deed <> '' THEN EXECUTE deed; END IF;
      RETURN owner = current_user AND claim = current_setting('request.jwt.claims')::json ->> 'n';
    END $$;
  ALTER TABLE api.diary ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON api.diary USING (public.policy(owner, claim));
`;

let world: RestWorld;
before(async () => {
  world = await startRest({ sql: SQL, env: { PGRST_DB_POOL: String(POOL) } });
});
after(() => world?.stop());

interface Deed {
  readonly sql: string;
  readonly status?: number;
}

const DEEDS: readonly Deed[] = [
  { sql: "" },
  { sql: "" },
  { sql: "" },
  { sql: "SELECT set_config('role', 'red', false)" },
  { sql: "SET SESSION statement_timeout = '1min'" },
  { sql: "DO $$ BEGIN EXECUTE 'LISTEN c' || public.mine(); END $$" },
  { sql: "SELECT pg_advisory_lock_shared(public.mine())" },
  {
    sql: "DO $$ BEGIN EXECUTE 'DECLARE c' || replace(gen_random_uuid()::text, '-', '') || ' CURSOR WITH HOLD FOR SELECT 1'; END $$",
  },
  { sql: "DEALLOCATE ALL" },
  { sql: "CREATE TEMPORARY TABLE mine ()", status: 405 },
  { sql: "SELECT 1/0", status: 400 },
  { sql: "DO $$ BEGIN PERFORM pg_advisory_lock_shared(public.mine()); PERFORM 1/0; END $$", status: 400 },
  { sql: "SELECT pg_sleep(0.03)" },
];

test("no row by its key is ever shown to another identity, and nothing that a policy left is found", async () => {
  const counts = { shown: 0, kept: 0, failed: 0 };
  const tokens = ROLES.map((role) =>
    Array.from({ length: 5 }, (_, n) => world.token(role, { n: String(n) })),
  );
  await race({ requests: REQUESTS, clients: CLIENTS, deeds: DEEDS }, async (n, deed) => {
    const [role, claim] = [n % ROLES.length, Math.floor(n / 4) % 5];
    const own = n % 3 > 0;
    const id = 10 * ((own ? role : (role + 1) % ROLES.length) + 1) + claim;
    const authorization = `Bearer ${tokens[role]?.[claim]}`;
    const headers = { authorization, "x-deed": deed.sql, "x-n": String(n) };
    const { status, text } = await world.ask(`GET /diary?id=eq.${id}`, { headers });
    const said = `${JSON.stringify(deed)}: ${status} ${text}`;
    assert.equal(status, deed.status ?? 200, said);
    // SET ROLE inside of the policy changes whose row it is, as it says itself.
    if (deed.status !== undefined || deed.sql.includes("'role'")) counts.failed += 1;
    else if (own) {
      assert.deepEqual(JSON.parse(text), [{ id, owner: ROLES[role], claim: String(claim) }], said);
      counts.shown += 1;
    } else {
      assert.equal(text, "[]", said);
      counts.kept += 1;
    }
  });
  const said = JSON.stringify(counts);
  assert.ok(counts.shown > REQUESTS / 3 && counts.kept > REQUESTS / 6 && counts.failed > REQUESTS / 10, said);
});
