import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { VirtualClock } from "../../../support/clock.ts";
import { eventually } from "../../../support/eventually.ts";
import { holdLock } from "../../../support/held-lock.ts";
import { poolsOf, textOf } from "../../../support/pool.ts";
import { startPostgres, type TestPostgres } from "../../../support/postgres.ts";

const SQL = `
CREATE ROLE authenticator LOGIN NOINHERIT; CREATE ROLE web; GRANT web TO authenticator;
CREATE TABLE shape (a int); GRANT ALL ON shape TO web;
INSERT INTO shape VALUES (1);
`;

let server: TestPostgres;
before(async () => {
  server = await startPostgres({ hba: ["host all all 127.0.0.1/32 trust"], sql: SQL });
});
after(() => server.stop());
const pool = poolsOf(() => [server.port]);

const PID = "SELECT pg_backend_pid()";
const SLEEP = "SELECT pg_sleep(60)";
/** Backends of the pool's role that run `SLEEP`. */
const asleep = async () => {
  const rows = await server.query(
    `SELECT pid FROM pg_stat_activity WHERE usename = 'authenticator' AND state = 'active' AND query = '${SLEEP}'`,
  );
  return rows.map(({ pid }) => Number(pid));
};

test("a connection is used again, and no more are opened than are needed at once", async () => {
  const { ask, pool: made } = pool();
  const first = await ask("web", PID);
  for (let n = 0; n < 5; n++) assert.deepEqual(await ask("web", PID), first);
  assert.deepEqual(made.stats(), { size: 10, busy: 0, idle: 1, opening: 0, waiting: 0, timeouts: 0 });
});

test("no more connections are opened than the pool's size", async () => {
  const { ask } = pool({ settings: { size: 2 } });
  await ask("web", "SELECT 1");
  const all = Array.from({ length: 20 }, async () => {
    const [[pid] = []] = await ask("web", "SELECT pg_backend_pid(), pg_sleep(0.005)");
    return pid;
  });
  assert.equal(new Set(await Promise.all(all)).size, 2);
});

test("who waits is served in order", async () => {
  const { ask } = pool({ settings: { size: 1 } }); // of two, the server may let either go first
  const served: number[] = [];
  const all = Array.from({ length: 20 }, async (_, n) => {
    await ask("web", "SELECT 1");
    served.push(n);
  });
  await Promise.all(all);
  assert.deepEqual(
    served,
    Array.from({ length: 20 }, (_, n) => n),
  );
});

test("who waits too long for a connection is told so, and others go on", async () => {
  const clock = new VirtualClock(Date.now());
  const { ask, pool: made } = pool({ settings: { size: 1, acquisitionTimeoutMs: 500 }, clock });
  await ask("web", "SELECT 1");
  const abort = new AbortController();
  const running = ask("web", SLEEP, { abort: abort.signal });
  const first = ask("web", PID);
  await eventually("one waits", () => made.stats().waiting === 1);
  clock.advance(300);
  const second = ask("web", PID);
  await eventually("two wait", () => made.stats().waiting === 2);
  const refused = assert.rejects(first, { code: "pool/acquisition-timeout" });
  clock.advance(200);
  await refused;
  assert.deepEqual([made.stats().waiting, made.stats().timeouts], [1, 1]);
  abort.abort();
  await assert.rejects(running, { code: "pool/aborted" });
  assert.equal((await second).length, 1);
});

test("a client that goes away has its query cancelled on the server, and nobody else's", async () => {
  const { ask, pool: made } = pool({ settings: { size: 2 } });
  const abort = new AbortController();
  const gone = ask("web", SLEEP, { abort: abort.signal });
  const other = new AbortController();
  const stays = ask("web", SLEEP, { abort: other.signal });
  await eventually("both run", async () => (await asleep()).length === 2);
  abort.abort();
  await assert.rejects(gone, { code: "pool/aborted" });
  await eventually("one runs", async () => (await asleep()).length === 1);
  // The connection of the cancelled query serves the next ones, and no late cancel request meets them.
  for (let n = 0; n < 20; n++) assert.deepEqual(await ask("web", "SELECT pg_sleep(0.002)"), [[""]]);
  assert.equal(made.stats().busy, 1);
  other.abort();
  await assert.rejects(stays, { code: "pool/aborted" });
});

test("a client that goes away while it waits for a connection waits no more", async () => {
  const { ask, pool: made } = pool({ settings: { size: 1 } });
  const [running, waiting] = [new AbortController(), new AbortController()];
  const first = ask("web", SLEEP, { abort: running.signal });
  await eventually("it runs", async () => (await asleep()).length === 1);
  const second = ask("web", PID, { abort: waiting.signal });
  await eventually("one waits", () => made.stats().waiting === 1);
  waiting.abort();
  await assert.rejects(second, { code: "pool/aborted" });
  assert.equal(made.stats().waiting, 0);
  running.abort();
  await assert.rejects(first, { code: "pool/aborted" });
  await assert.rejects(ask("web", PID, { abort: AbortSignal.abort() }), { code: "pool/aborted" });
});

test("connections that are idle or old are closed", async () => {
  const clock = new VirtualClock(Date.now());
  const { ask, pool: made } = pool({ settings: { idleMs: 1000, lifetimeMs: 5000 }, clock });
  const pids = new Set<string | null | undefined>();
  const use = async () => pids.add((await ask("web", PID))[0]?.[0]);
  for (let at = 0; at < 5000; at += 900) {
    await use();
    clock.advance(900);
  }
  await use();
  assert.equal(pids.size, 2, "used all the time, one lives as long as it may");
  clock.advance(2000);
  await eventually("none is left", () => made.stats().idle + made.stats().busy === 0);
  await use();
  assert.equal(pids.size, 3);
});

test("a statement whose columns changed is prepared anew, and the client notices nothing", async () => {
  const { ask } = pool({ settings: { size: 1 } });
  const read = () => ask("web", "SELECT * FROM shape");
  const [pid] = await ask("web", PID);
  assert.deepEqual(await read(), [["1"]]);
  await server.query("ALTER TABLE shape ADD COLUMN b text DEFAULT 'two'");
  assert.deepEqual(await read(), [["1", "two"]]);
  assert.deepEqual(await read(), [["1", "two"]]);
  const seen: string[] = [];
  await server.query("ALTER TABLE shape DROP COLUMN a");
  const end = () => {
    seen.push("asked");
    return "commit" as const;
  };
  assert.deepEqual(await ask("web", "SELECT * FROM shape", { end }), [["two"]]);
  assert.deepEqual(seen, ["asked"]);
  assert.deepEqual(await ask("web", PID), [pid]);
});

test("each connection keeps the statements used last, and no more than it may", async () => {
  const { ask } = pool({ settings: { size: 1, preparedStatements: 8 } });
  const kept = "SELECT count(*)::text FROM pg_prepared_statements";
  for (let n = 0; n < 30; n++) assert.deepEqual(await ask("web", `SELECT ${n}`), [[String(n)]]);
  const [[count] = []] = await ask("web", kept, { prepare: false });
  assert.ok(Number(count) <= 9, `${count} statements`);
  const none = pool({ settings: { size: 1, preparedStatements: 0 } });
  await none.ask("web", "SELECT 1");
  assert.deepEqual(await none.ask("web", kept), [["0"]]);
});

test("a result that is too large ends its transaction and not the pool", async () => {
  const { ask } = pool({ settings: { size: 1, maxResultBytes: 1_000_000 } });
  const rows = "SELECT repeat('x', $1::int) FROM generate_series(1, $2::int)";
  for (const [width, count] of [
    ["2000000", "1"],
    ["1000", "2000"],
  ] as const)
    await assert.rejects(ask("web", rows, { parameters: [width, count] }), { code: "pool/result-too-large" });
  const [[text] = []] = await ask("web", rows, { parameters: ["900000", "1"] });
  assert.equal(text?.length, 900_000);
});

test("large values go out and come back whole", async () => {
  const { ask } = pool({ settings: { size: 2 } });
  const value = "é".repeat(5_000_000);
  const both = await Promise.all(
    [value, Buffer.from(value)].map((one) => ask("web", "SELECT $1::text, 'x'", { parameters: [one] })),
  );
  for (const rows of both) assert.ok(rows[0]?.[0] === value && rows[0][1] === "x");
});

test("COPY is refused, and the pool goes on", async () => {
  const { ask } = pool({ settings: { size: 1 } });
  for (const text of ["COPY shape FROM STDIN", "COPY shape TO STDOUT"])
    await assert.rejects(ask("web", text, { readOnly: false }), TypeError);
  assert.deepEqual(await ask("web", "SELECT 1"), [["1"]]);
});

test("a closed pool takes nothing more, and waits for what runs", async () => {
  const { ask, pool: made } = pool({ settings: { size: 1 } });
  await ask("web", "SELECT 1");
  const lock = await holdLock(server.port, 1);
  const running = ask("web", "SELECT pg_advisory_xact_lock_shared(1)");
  await eventually("it runs", () => made.stats().busy === 1);
  const waiting = ask("web", PID);
  await eventually("one waits", () => made.stats().waiting === 1);
  const refused = assert.rejects(waiting, { code: "pool/closed" });
  const closing = made.close();
  await refused;
  await lock.release();
  assert.deepEqual(await running, [[""]]);
  await closing;
  await assert.rejects(ask("web", PID), { code: "pool/closed" });
  await eventually("no connection is left", async () => {
    const left = await server.query(
      "SELECT FROM pg_stat_activity WHERE query LIKE '%pg_advisory_xact_lock_shared%' AND usename = 'authenticator'",
    );
    return left.length === 0;
  });
});

test("a notification reaches who listens, also after the connection was lost", async () => {
  const { pool: made } = pool();
  const heard: string[] = [];
  let listening = 0;
  const lost: unknown[] = [];
  const channel = 'my "channel"';
  const listener = made.listen(channel, {
    onNotification: (payload) => heard.push(payload),
    onListening: () => {
      listening += 1;
    },
    onLost: (error) => lost.push(error),
  });
  const notify = (payload: string) => server.query(`SELECT pg_notify('${channel}', '${payload}')`);
  await eventually("it listens", () => listening === 1);
  await notify("réload schema");
  await eventually("it was heard", () => heard.length === 1);
  await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
  await eventually("it listens again", () => listening === 2);
  await notify("again");
  await eventually("that was heard too", () => heard.length === 2);
  assert.deepEqual(heard, ["réload schema", "again"]);
  assert.equal(lost.length, 1);
  listener.close();
  await eventually("it listens no more", async () => {
    const left = await server.query("SELECT FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
    return left.length === 0;
  });
});

test("a look-up needs no admission, and writes nothing", async () => {
  const { pool: made } = pool();
  const statement = (text: string) => ({ text, parameters: ["x"], prepare: true, binary: false });
  assert.deepEqual(textOf(await made.lookUp(statement("SELECT $1::text, current_user"))), [
    ["x", "authenticator"],
  ]);
  await assert.rejects(made.lookUp(statement("INSERT INTO shape VALUES ($1)")), { sqlstate: "25006" });
});
