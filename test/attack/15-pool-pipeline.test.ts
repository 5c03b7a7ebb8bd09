/** Row 15 where reads are sent behind each other: what they leave, how they fail, and whom a cancel meets. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Admission } from "../../src/access/admission.ts";
import type { Pool, Transaction } from "../../src/upstream/pool/pool.ts";
import { VirtualClock } from "../support/clock.ts";
import { eventually } from "../support/eventually.ts";
import { holdLock } from "../support/held-lock.ts";
import { poolsOf, textOf } from "../support/pool.ts";
import { startPostgres, type TestPostgres } from "../support/postgres.ts";
import { leaver, outcomeOf, type PoolDeed, race } from "../support/race.ts";

const ROLES = ["red", "green", "blue"];
const REQUESTS = 3000;
const CLIENTS = 24;
/** Connections: few, so that each serves all roles in every state. */
const SIZE = 3;
/** How often the pool looks for reads that take long. */
const SLOW_MS = 100;

const SQL = `
CREATE ROLE authenticator LOGIN NOINHERIT;
${ROLES.map((role) => `CREATE ROLE ${role}; GRANT ${role} TO authenticator;`).join("\n")}
GRANT pg_signal_backend TO red;
CREATE TABLE calls (n serial); GRANT ALL ON calls, calls_n_seq TO ${ROLES};
CREATE FUNCTION run(sql text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE sql; RETURN 'done'; END $$;
`;

let server: TestPostgres;
before(async () => {
  server = await startPostgres({ hba: ["host all all 127.0.0.1/32 trust"], sql: SQL });
});
after(() => server.stop());
const pool = poolsOf(() => [server.port]);

const PID = "SELECT pg_backend_pid()";

/** Runs a statement as a brief read. */
async function read(
  made: Pool,
  admission: Admission,
  text: string,
  more: Partial<Transaction> & { readonly abort?: AbortSignal } = {},
): Promise<string | null | undefined> {
  const { abort, ...transaction } = more;
  const statements = [{ text, parameters: [], prepare: true, binary: false }];
  const whole = {
    readOnly: true,
    brief: "cleaned together",
    settings: [],
    end: "commit",
    statements,
    ...transaction,
  } as const;
  const [result] = await made.run(admission, whole, abort);
  return textOf(result)[0]?.[0];
}

/** A pool with one connection that is open, and an admission of each role. */
async function opened(size: number, clock?: VirtualClock) {
  const { pool: made, admission } = pool({ settings: { size }, ...(clock === undefined ? {} : { clock }) });
  const [red, green] = [await admission("red"), await admission("green")] as const;
  await read(made, red, PID, { brief: undefined });
  await read(made, green, PID, { brief: undefined });
  return { made, red, green };
}

const running = (what: string) =>
  eventually(`${what} runs`, async () => {
    const found = await server.query(
      `SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query = $$${what}$$`,
    );
    return found[0]?.["pid"];
  });

test("reads of one admission share a connection, and nobody else's ever joins them", async () => {
  const { made, red, green } = await opened(3, new VirtualClock(Date.now())); // so that nothing is found to be slow
  const slow = read(made, red, "SELECT pg_backend_pid(), pg_sleep(0.2)");
  const pids = await Promise.all([
    slow,
    read(made, red, PID),
    read(made, green, PID),
    read(made, red, PID, { readOnly: false }),
    read(made, red, PID, { isolation: "repeatable read" }),
  ]);
  const [first, second, ...others] = pids;
  assert.equal(second, first);
  for (const other of others) assert.notEqual(other, first);
});

test("who waits for a connection gets it with others of its admission, and before those who came later", async () => {
  const { made, red, green } = await opened(1);
  const done: string[] = [];
  const ask = async (name: string, admission: Admission, text = PID, more = {}) => {
    await read(made, admission, text, more);
    done.push(name);
  };
  const first = ask("first", green, "SELECT pg_sleep(0.05)", { brief: undefined });
  const rest = [ask("red 1", red), ask("green", green), ask("red 2", red)];
  await first;
  await Promise.all([...rest, ask("red 3", red)]);
  assert.deepEqual(done, ["first", "red 1", "red 2", "green", "red 3"]);
});

test("who waits behind a read that takes long is served elsewhere, and the long one can be cancelled", async () => {
  const clock = new VirtualClock(Date.now());
  const { made, red } = await opened(2, clock);
  const [leave, leaveToo] = [new AbortController(), new AbortController()];
  const sleep = "SELECT pg_sleep(61)";
  const slow = assert.rejects(read(made, red, sleep, { abort: leave.signal }), { code: "pool/aborted" });
  const behind = read(made, red, PID);
  const gone = assert.rejects(read(made, red, PID, { abort: leaveToo.signal }), { code: "pool/aborted" });
  const pid = await running(sleep);
  leaveToo.abort();
  await gone;
  for (let look = 0; look < 2; look++) clock.advance(SLOW_MS);
  assert.notEqual(Number(await behind), pid);
  assert.notEqual(Number(await read(made, red, PID)), pid, "nothing joins a read that takes long");
  leave.abort();
  await slow;
  await eventually("the connection is clean again", () => made.stats().busy === 0);
});

test("a cancel request is sent for nobody while others wait for an answer of the same connection", async () => {
  const { made, red } = await opened(1);
  for (const which of [0, 1, 2]) {
    const leave = [new AbortController(), new AbortController(), new AbortController()];
    const lock = await holdLock(server.port, 1);
    const sleeping = "SELECT 'slept' FROM pg_advisory_xact_lock_shared(1)";
    const reads = leave.map(({ signal }) => read(made, red, sleeping, { abort: signal }));
    const settled = Promise.allSettled(reads);
    await running(sleeping);
    leave[which]?.abort();
    await server.query("SELECT pg_sleep(0.1)"); // a cancel request would have arrived
    await lock.release();
    for (const [at, outcome] of (await settled).entries())
      if (at === which) assert.equal(outcome.status, "rejected");
      else assert.deepEqual(outcome, { status: "fulfilled", value: "slept" });
  }
});

test("when all who read have left, the server is told", async () => {
  const { made, red, green } = await opened(1);
  const leave = new AbortController();
  const sleep = "SELECT pg_sleep(62)";
  const reads = Array.from({ length: 3 }, () => read(made, red, sleep, { abort: leave.signal }));
  const settled = Promise.allSettled(reads);
  await running(sleep);
  leave.abort();
  for (const { status } of await settled) assert.equal(status, "rejected");
  assert.equal(typeof (await read(made, green, PID)), "string");
});

test("a connection that a read loses costs that read, and those behind it are served elsewhere", async () => {
  const { made, red } = await opened(1);
  const [lost, ...others] = await Promise.allSettled([
    read(made, red, "SELECT pg_terminate_backend(pg_backend_pid())"),
    read(made, red, "SELECT 'a'"),
    read(made, red, "SELECT 'b'"),
  ]);
  assert.equal(lost?.status === "rejected" && lost.reason.sqlstate, "57P01");
  assert.deepEqual(
    others.map((one) => one.status === "fulfilled" && one.value),
    ["a", "b"],
  );
});

test("reads behind one that deallocates all statements get their own answers", async () => {
  const { made, red, green } = await opened(1);
  const texts = Array.from({ length: 6 }, (_, n) => `SELECT 'answer ${n % 3}'`);
  await Promise.all(texts.map((text) => read(made, red, text)));
  const run = read(made, red, "SELECT run('DEALLOCATE ALL')");
  const answers = await Promise.all(texts.map((text) => read(made, red, text)));
  assert.deepEqual(answers, ["answer 0", "answer 1", "answer 2", "answer 0", "answer 1", "answer 2"]);
  assert.equal(await run, "done");
  assert.equal(await read(made, green, "SELECT current_user::text"), "green");
});

test("what a read leaves is never met by those behind it that are each cleaned", async () => {
  for (const brief of ["cleaned", "cleaned together"] as const) {
    const { made, red, green } = await opened(1);
    const ask = (admission: Admission, text: string) => read(made, admission, text, { brief });
    const secret = "SELECT nullif(current_setting('app.secret', true), '')";
    const [, behind, other] = await Promise.all([
      ask(red, "SELECT set_config('app.secret', 'left', false)"),
      ask(red, secret),
      ask(green, secret),
    ]);
    assert.equal(behind, brief === "cleaned" ? null : "left");
    assert.equal(other, null);
  }
});

test("a statement that several reads bring for the first time is prepared once, also when the first of them fails", async () => {
  const { made, red } = await opened(1);
  const settings = [["statement_timeout", "no number"]] as const; // fails before the statement is parsed
  const outcomes = await Promise.allSettled([
    read(made, red, "SELECT 'once'", { settings }),
    read(made, red, "SELECT 'once'"),
    read(made, red, "SELECT 'once'"),
  ]);
  assert.equal(outcomes[0]?.status === "rejected" && outcomes[0].reason.sqlstate, "22023");
  assert.deepEqual(
    outcomes.slice(1).map((one) => one.status === "fulfilled" && one.value),
    ["once", "once"],
  );
});

test("large values of reads behind each other do not lie in each other's memory", async () => {
  const { made, red } = await opened(1);
  const statements = [{ text: "SELECT repeat('x', 20000)", parameters: [], prepare: true, binary: false }];
  const order = {
    readOnly: true,
    brief: "cleaned together",
    settings: [],
    end: "commit",
    statements,
  } as const;
  const results = await Promise.all(Array.from({ length: 8 }, () => made.run(red, order)));
  const memories = results.map(([result]) => result?.rows[0]?.[0]?.buffer);
  assert.equal(new Set(memories).size, results.length);
});

const DEEDS: readonly PoolDeed[] = [
  { sql: "SELECT 1" },
  { sql: "SELECT 1" },
  { sql: "SELECT 1" },
  {
    sql: "SELECT set_config('request.jwt.claims', 'stolen', false), set_config('app.secret', current_user, false)",
  },
  { sql: "SET ROLE red" },
  { sql: "SET SESSION statement_timeout = '1min'" },
  { sql: "SET default_transaction_read_only = off" },
  { sql: "DO $$ BEGIN EXECUTE 'LISTEN ' || current_user; END $$" },
  { sql: "SELECT pg_advisory_lock_shared(length(current_user))" },
  {
    sql: "CLOSE ALL; DO $$ BEGIN EXECUTE format('DECLARE %I CURSOR WITH HOLD FOR SELECT 1', current_user); END $$",
  },
  { sql: "DEALLOCATE ALL" },
  { sql: "CREATE TEMPORARY TABLE mine ()", fails: "25006" },
  { sql: "SET transaction_read_only = off", fails: "25001" },
  { sql: "DO $$ BEGIN RAISE SQLSTATE 'PT402' USING MESSAGE = 'raised'; END $$", fails: "PT402" },
  { sql: "SELECT set_config('app.secret', current_user, false), 1/0", fails: "22012" },
  { sql: "SELECT pg_sleep(60)", fails: "57014", timeout: "20ms" },
  { sql: "SELECT pg_sleep(0.01)", leaves: true },
  { sql: "SELECT pg_sleep(60)", leaves: true },
];

const HOW = ["cleaned together", "cleaned together", "cleaned", "cleaned together", undefined] as const;

/** Who reads, with what, and whose leftovers it finds: its own may be there for the next read of the same write. */
const LOOK = `SELECT json_build_array(current_user, session_user, current_setting('request.jwt.claims', true),
  current_setting('statement_timeout'), current_setting('transaction_read_only'),
  array(SELECT DISTINCT owner FROM (
    SELECT nullif(current_setting('app.secret', true), '') UNION ALL SELECT pg_listening_channels()
    UNION ALL SELECT name FROM pg_cursors WHERE is_holdable
    UNION ALL SELECT role FROM pg_locks JOIN unnest('{${ROLES}}'::text[]) AS role ON length(role) = objid::int
      WHERE locktype = 'advisory' AND pid = pg_backend_pid()) AS found (owner) WHERE owner <> current_user))`;

test("no read behind another's ever sees its role or settings, or gets its answer, whatever they do", async () => {
  const { pool: made, admission } = pool({ settings: { size: SIZE, preparedStatements: 12 } });
  const admissions = await Promise.all(ROLES.map(admission));
  const counts = { done: 0, failed: 0, left: 0 };
  await race({ requests: REQUESTS, clients: CLIENTS, deeds: DEEDS }, async (n, deed) => {
    const role = ROLES[n % ROLES.length] ?? "";
    const as = admissions[n % ROLES.length];
    assert.ok(as !== undefined);
    const claims = JSON.stringify({ role, n });
    const timeout = deed.timeout ?? "0";
    const look = { text: LOOK, parameters: [], prepare: n % 5 > 0, binary: false };
    const act = { text: "SELECT run($1)", parameters: [deed.sql], prepare: n % 3 > 0, binary: false };
    const settings = [
      ["request.jwt.claims", claims],
      ["statement_timeout", timeout],
    ] as const;
    const order = { readOnly: true, brief: HOW[n % HOW.length], settings, end: "commit" } as const;
    const outcome = await outcomeOf(deed, async () => {
      const [first] = await made.run(as, { ...order, statements: [look, act] }, leaver(deed, n));
      const [row] = textOf(first);
      assert.deepEqual(JSON.parse(row?.[0] ?? ""), [role, "authenticator", claims, timeout, "on", []]);
    });
    counts[outcome] += 1;
  });
  const said = JSON.stringify(counts);
  assert.ok(counts.done > REQUESTS / 3 && counts.failed > REQUESTS / 10 && counts.left > REQUESTS / 20, said);
  await eventually("all connections are free", () => made.stats().busy === 0);
});
