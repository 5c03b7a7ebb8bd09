import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Transaction } from "../../src/upstream/pool/pool.ts";
import { VirtualClock } from "../support/clock.ts";
import { poolsOf, textOf } from "../support/pool.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { leaver, outcomeOf, type PoolDeed, race } from "../support/race.ts";

/** Roles whose requests share the connections. */
const ROLES = ["red", "green", "blue"];
const REQUESTS = 1500;
/** Connections: few, so that each serves all roles in every state. */
const SIZE = 3;

const SQL = `
CREATE ROLE authenticator LOGIN NOINHERIT;
${ROLES.map((role) => `CREATE ROLE ${role}; GRANT ${role} TO authenticator; GRANT CREATE, TEMPORARY ON DATABASE postgres TO ${role};`).join("\n")}
CREATE SEQUENCE numbers; GRANT USAGE ON numbers TO ${ROLES};
CREATE TABLE things (id int PRIMARY KEY DEFAULT nextval('numbers'), owner text DEFAULT current_user);
GRANT ALL ON things TO ${ROLES};
CREATE FUNCTION run(sql text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE sql; RETURN 'done'; END $$;
CREATE TABLE late (sql text); GRANT ALL ON late TO ${ROLES};
CREATE FUNCTION run_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE NEW.sql; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER run_late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION run_late();
`;

let server: TestPostgres;
before(async () => {
  server = await startPostgres({ hba: ["host all all 127.0.0.1/32 trust"], sql: SQL });
});
after(() => server.stop());
const pool = poolsOf(() => [server.port]);

/** All that one request could leave for the next one to find. */
const LOOK = `SELECT current_user, session_user, nullif(current_setting('app.secret', true), ''),
  current_setting('transaction_isolation'),
  (SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings WHERE source = 'session'),
  (SELECT string_agg(channel, ' ') FROM pg_listening_channels() AS channel),
  (SELECT string_agg(objid::text, ' ') FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
  (SELECT string_agg(name, ' ') FROM pg_cursors WHERE is_holdable),
  (SELECT string_agg(relname, ' ') FROM pg_class WHERE relpersistence = 't' AND pg_table_is_visible(oid)),
  (SELECT string_agg(name, ' ') FROM pg_prepared_statements WHERE from_sql)`;

/** What functions do, on purpose or not, that lasts longer than their transaction. */
const LEFTOVERS: readonly string[] = [
  "SELECT set_config('app.secret', 'red''s', false)",
  "SET search_path = pg_temp, public",
  "SET statement_timeout = 1",
  "SET default_transaction_read_only = on",
  "SET default_transaction_isolation = 'serializable'",
  "SET client_encoding = 'LATIN1'",
  "SET TimeZone = 'Asia/Tokyo'",
  "SET ROLE green",
  "SELECT set_config('role', 'green', false)",
  "SET SESSION AUTHORIZATION authenticator",
  "RESET ROLE",
  "LISTEN secrets",
  "SELECT pg_advisory_lock(4711)",
  "SELECT pg_advisory_lock_shared(4712), pg_advisory_lock(1, 2)",
  "CREATE TEMPORARY TABLE secrets AS SELECT 'red''s' AS secret",
  "CREATE TEMPORARY TABLE pg_class (oid oid)",
  "DECLARE secret CURSOR WITH HOLD FOR SELECT 'red''s'",
  "PREPARE secret AS SELECT 'red''s'",
  "PREPARE postern_1 AS SELECT 'red''s'",
  "DEALLOCATE ALL",
  "DISCARD PLANS",
];

for (const leftover of LEFTOVERS)
  for (const [how, end] of [
    ["in a function", "commit"],
    ["in a function", "rollback"],
    ["in a function of a transaction that fails", "commit"],
    ["in a deferred trigger", "commit"],
    ["in a deferred trigger", "rollback"],
  ] as const)
    test(`nothing is found of "${leftover}" ${how} that ends in ${end}`, async () => {
      const clock = new VirtualClock(Date.now());
      const { ask } = pool({ settings: { size: 1 }, clock });
      const settings = [["request.jwt.claims", "{}"]] as const;
      await ask("red", "SELECT 1");
      const before = await ask("blue", LOOK, { settings });
      clock.advance(1000); // statements prepared by SQL are looked for once a second
      const late = how === "in a deferred trigger";
      const text = late
        ? "INSERT INTO late VALUES ($1)"
        : how === "in a function"
          ? "SELECT run($1)"
          : "SELECT run($1), 1 / (length($1) - length($1))";
      const red = { parameters: [leftover], readOnly: false, end };
      // Whether it succeeds does not matter, as long as nothing of it stays.
      await ask("red", text, red).catch((error: unknown) =>
        assert.ok(error instanceof Error && "sqlstate" in error),
      );
      assert.deepEqual(await ask("blue", LOOK, { settings }), before);
      assert.deepEqual(
        await ask("blue", "INSERT INTO things DEFAULT VALUES RETURNING owner", { readOnly: false }),
        [["blue"]],
      );
    });

test("the number that a sequence gave one request is not told to the next", async () => {
  const { ask } = pool({ settings: { size: 1 } });
  await ask("red", "INSERT INTO things DEFAULT VALUES", { readOnly: false });
  await assert.rejects(ask("blue", "SELECT lastval()"), { sqlstate: "55000" });
  await assert.rejects(ask("red", "SELECT nextval('numbers') / 0", { readOnly: false }), {
    sqlstate: "22012",
  });
  await assert.rejects(ask("blue", "SELECT currval('numbers')"), { sqlstate: "55000" });
});

/** What one of many requests does after it has looked. */
const DEEDS: readonly PoolDeed[] = [
  { sql: "SELECT 1" },
  { sql: "SELECT 1" },
  { sql: "SELECT set_config('request.jwt.claims', 'stolen', false), set_config('app.secret', 'x', false)" },
  { sql: "SET ROLE red" },
  { sql: "SET SESSION statement_timeout = '1min'" },
  { sql: "SELECT pg_advisory_lock_shared(1)" },
  { sql: "CREATE TEMPORARY TABLE mine () ON COMMIT DROP" },
  { sql: "DEALLOCATE ALL" },
  { sql: "DO $$ BEGIN RAISE SQLSTATE 'PT402' USING MESSAGE = 'raised'; END $$", fails: "PT402" },
  { sql: "SELECT 1/0", fails: "22012" },
  { sql: "SELECT pg_sleep(60)", fails: "57014", timeout: "20ms" },
  { sql: "SELECT pg_sleep(0.02)", leaves: true },
  { sql: "SELECT pg_sleep(60)", leaves: true },
];

test("no request ever sees another's role or settings, whatever others do at the same time", async () => {
  const { pool: made, admission } = pool({ settings: { size: SIZE, preparedStatements: 12 } });
  const admissions = new Map(
    await Promise.all(ROLES.map(async (role) => [role, await admission(role)] as const)),
  );
  const counts = { done: 0, failed: 0, left: 0 };
  await race({ requests: REQUESTS, clients: 12, deeds: DEEDS }, async (n, deed) => {
    const role = ROLES[n % ROLES.length] ?? "";
    const as = admissions.get(role);
    assert.ok(as !== undefined);
    const claims = JSON.stringify({ role, n });
    const look = { text: LOOK_CLOSELY, parameters: [], prepare: n % 5 > 0, binary: false };
    const act = { text: "SELECT run($1)", parameters: [deed.sql], prepare: n % 3 > 0, binary: false };
    const timeout = deed.timeout === undefined ? [] : [["statement_timeout", deed.timeout] as const];
    const order: Transaction = {
      readOnly: false,
      ...(n % 11 === 0 ? { isolation: "repeatable read" } : {}),
      settings: [["request.jwt.claims", claims], [`app.only_${n % 4}`, claims], ...timeout],
      statements: [look, act, look],
      end: n % 4 === 0 ? () => (n % 8 === 0 ? "rollback" : "commit") : "commit",
    };
    const outcome = await outcomeOf(deed, async () => {
      const [first] = await made.run(as, order, leaver(deed, n));
      const [row] = textOf(first);
      const [user, session, seen, secret, timeout, ...only] = row ?? [];
      assert.deepEqual([user, session, seen], [role, "authenticator", claims]);
      assert.ok(secret === null || secret === "", "another's setting");
      assert.equal(timeout, "0");
      assert.equal(only[n % 4], claims);
      for (const other of [0, 1, 2, 3]) assert.ok(other === n % 4 || !only[other], "another's setting");
    });
    counts[outcome] += 1;
  });
  assert.ok(
    counts.done > REQUESTS / 3 && counts.failed > REQUESTS / 10 && counts.left > REQUESTS / 20,
    JSON.stringify(counts),
  );
  assert.ok(made.stats().busy <= SIZE);
});

const LOOK_CLOSELY = `SELECT current_user, session_user, current_setting('request.jwt.claims', true),
  current_setting('app.secret', true), current_setting('statement_timeout'),
  ${[0, 1, 2, 3].map((n) => `current_setting('app.only_${n}', true)`)}`;
