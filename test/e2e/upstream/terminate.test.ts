import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { clusterOf } from "../../support/admission.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { ask, upstreamTo } from "../../support/upstream.ts";
import { once, upstreamsOf } from "../../support/upstream-suite.ts";

const login = { method: "trust" };
/** Catches each request to cancel it. */
const LOOP = `DO $$ BEGIN
  LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP;
END $$`;

let server: TestPostgres;
before(async () => {
  server = await startPostgres({
    hba: ["host all all 127.0.0.1/32 trust"],
    sql: `CREATE ROLE app LOGIN; CREATE ROLE other LOGIN; CREATE ROLE single LOGIN CONNECTION LIMIT 1;
      CREATE ROLE hindering LOGIN; GRANT other TO hindering;
      ALTER ROLE hindering SET role = other; ALTER ROLE hindering SET statement_timeout = '1ms';
      ALTER ROLE hindering SET lock_timeout = '1ms';
      CREATE SCHEMA trap; GRANT USAGE ON SCHEMA trap TO PUBLIC;
      CREATE VIEW trap.pg_stat_activity AS SELECT 1 AS pid WHERE false;
      ALTER ROLE hindering SET search_path = trap, pg_catalog`,
  });
  if (timesTransactions()) await server.query("ALTER ROLE hindering SET transaction_timeout = '1ms'");
});
after(() => server.stop());

/** PostgreSQL 17 has transaction_timeout, and direct TLS. */
const timesTransactions = () => server.major >= 17;
const speaksDirectTls = () => server.major >= 17;

const to = upstreamsOf(() => server);

const plain = () =>
  clusterOf({ login, hosts: [{ host: "127.0.0.1", port: server.port }], tls: { mode: "disable" } });

const alive = (pid: number) => server.query(`SELECT 1 FROM pg_stat_activity WHERE pid = ${pid}`);

/** Resolves when the process is in its loop. */
async function looping(pid: number): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE pid = ${pid} AND wait_event = 'PgSleep'`;
  while ((await server.query(sql)).length === 0);
}

for (const [role, about] of [
  ["app", "code that catches cancel requests"],
  ["hindering", "a role whose defaults would hinder it"],
] as const) {
  test(`a server process is ended for certain: ${about}`, async () => {
    const upstream = to({ login });
    const session = await upstream.open(role, {
      parameters: {
        options: `${timesTransactions() ? "-c transaction_timeout=0 " : ""}-c role=none -c statement_timeout=0`,
      },
    });
    void ask(session, LOOP);
    await looping(session.processId);
    await session.cancel();
    await session.terminate();
    assert.deepEqual(upstream.events, []);
    assert.deepEqual(await alive(session.processId), []);
    assert.equal(session.wire.closed, true);
  });
}

test("a server process is ended over the same TLS as the session's", async () => {
  const negotiation = speaksDirectTls() ? "direct" : "postgres";
  const upstream = to({ login, tls: { caFile: server.caFile, negotiation } });
  const session = await upstream.open("app");
  void ask(session, LOOP);
  await looping(session.processId);
  await session.terminate();
  assert.deepEqual(await alive(session.processId), []);
});

/** A clock on which pauses pass five times as fast, and that tells a time of its own. */
function quickClock(): Clock & { ahead: number } {
  return {
    ahead: 0,
    now() {
      return Date.now() + this.ahead;
    },
    after: (ms, fn) => systemClock.after(ms / 5, fn),
  };
}

test("a server process that cannot be ended is reported, and its connection closed", async () => {
  const upstream = upstreamTo(plain(), {}, { clock: quickClock() });
  const session = await upstream.open("single");
  void ask(session, LOOP);
  await looping(session.processId);
  await session.terminate();
  const [report] = upstream.events.filter(({ event }) => event === "upstream.failed.v1");
  assert.ok(report?.event === "upstream.failed.v1");
  assert.equal(report.code, "upstream/not-ended");
  assert.equal(
    report.detail,
    `process ${session.processId} could not be ended: 53300: too many connections for role "single"`,
  );
  assert.equal(session.wire.closed, true);
  assert.equal((await alive(session.processId)).length, 1);
  await server.query(`SELECT pg_terminate_backend(${session.processId})`);
});

test("a process that is younger than the session is not the session's, and is left alone", async () => {
  const clock = quickClock();
  const upstream = upstreamTo(plain(), {}, { clock });
  const session = await upstream.open("app");
  clock.ahead = 3_600_000; // as if the session had begun an hour ago
  await session.terminate();
  const [report] = upstream.events;
  assert.ok(report?.event === "upstream.failed.v1");
  assert.match(report.detail, /the server does not find it$/);
});

test("a process that has ended, and others of the same role, are left alone", async () => {
  const upstream = to({ login });
  const other = await upstream.open("app");
  const session = await upstream.open("app");
  session.close();
  await session.terminate();
  assert.deepEqual(await ask(other, "SELECT 1"), [["1"]]);
  assert.deepEqual(await once(upstream, "app", "SELECT 1"), [["1"]]);
  other.close();
});
