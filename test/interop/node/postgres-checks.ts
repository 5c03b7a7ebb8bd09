/** postgres (Postgres.js) through the wire door. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import { door, env, report, trusting, UNTRUSTED } from "./report.ts";

type Settings = postgres.Options<Record<string, postgres.PostgresType>>;

function open(settings: Settings = {}): postgres.Sql {
  return postgres({ ...door, ssl: trusting(env("PGSSLROOTCERT")), max: 1, onnotice: () => {}, ...settings });
}

/** Makes a check of a function that needs a connection. */
function on(check: (sql: postgres.Sql) => Promise<unknown>, settings?: Settings) {
  return async (): Promise<undefined> => {
    const sql = open(settings);
    await check(sql);
    await sql.end();
  };
}

async function stillWorks(sql: postgres.Sql): Promise<void> {
  assert.equal((await sql`select 1 as one`)[0]?.["one"], 1);
}

async function connects(sql: postgres.Sql): Promise<void> {
  const query = sql`select pg_backend_pid() as pid`;
  const result = await query;
  assert.equal(result.state?.pid, result[0]?.["pid"], "BackendKeyData has another process id");
}

async function distrusts(): Promise<undefined> {
  const sql = open({ ssl: trusting(env("OTHER_CA")) });
  await assert.rejects(sql`select 1`.execute(), { code: UNTRUSTED });
  await sql.end();
}

async function queries(sql: postgres.Sql): Promise<void> {
  const rows = await sql`select ${41}::int + 1 as n, ${"žluťoučký"}::text as word, null as nothing`;
  assert.deepEqual([...rows], [{ n: 42, word: "žluťoučký", nothing: null }]);
}

async function prepares(sql: postgres.Sql): Promise<void> {
  for (let n = 0; n < 10; n++) {
    assert.equal((await sql`select ${n}::int * ${n}::int as square`)[0]?.["square"], n * n);
  }
  const [prepared] = await sql`select count(*)::int as count from pg_prepared_statements
    where statement like '%as square'`;
  assert.equal(prepared?.["count"], 1);
}

async function rollsBack(sql: postgres.Sql): Promise<void> {
  await sql`create temp table t (n int)`;
  const changedMind = new Error("changed my mind");
  const transaction = sql.begin(async (inside) => {
    await inside`insert into t values (1)`;
    throw changedMind;
  });
  await assert.rejects(transaction, changedMind);
  assert.equal((await sql`select count(*)::int as count from t`)[0]?.["count"], 0);
}

async function readsMuch(sql: postgres.Sql): Promise<void> {
  let sum = 0;
  const rows = sql`select n, repeat('x', 200) from generate_series(1, 50000) n`.cursor(1000);
  for await (const chunk of rows) for (const row of chunk) sum += row["n"];
  assert.equal(sum, (50_000 * 50_001) / 2);
}

async function copies(sql: postgres.Sql): Promise<void> {
  await sql`create temp table t (n int, word text)`;
  const lines = Array.from({ length: 20_000 }, (_, n) => `${n}\tword\\t${n}\n`);
  await pipeline(Readable.from(lines), await sql`copy t from stdin`.writable());
  const out = await buffer(await sql`copy (select * from t order by n) to stdout`.readable());
  assert.equal(out.toString(), lines.join(""));
}

async function cancels(sql: postgres.Sql): Promise<void> {
  const [own] = await sql`select pg_backend_pid() as pid`;
  const sleep = sql`select pg_sleep(120)`.execute();
  const slept = assert.rejects(sleep, { code: "57014" });
  const watcher = open();
  const sleeping = () =>
    watcher`select 1 from pg_stat_activity where pid = ${own?.["pid"]} and wait_event = 'PgSleep'`;
  while ((await sleeping()).length === 0);
  await watcher.end();
  sleep.cancel();
  await slept;
  await stillWorks(sql);
}

async function errs(sql: postgres.Sql): Promise<void> {
  await assert.rejects(sql`select 1 / 0`.execute(), { code: "22012", severity: "ERROR" });
  await stillWorks(sql);
}

async function pipelines(sql: postgres.Sql): Promise<void> {
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  const answers = await Promise.all(numbers.map((n) => sql`select ${n}::int as n`));
  assert.deepEqual(
    answers.map((rows) => rows[0]?.["n"]),
    numbers,
  );
}

async function isNotified(sql: postgres.Sql): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { unlisten } = await sql.listen("interop_postgres", resolve);
  await sql.notify("interop_postgres", "hello");
  assert.equal(await promise, "hello");
  await unlisten();
}

async function refusal(token: string) {
  const sql = open({ password: token });
  const error: unknown = await sql`select 1`.then(
    () => assert.fail("the connection was made"),
    (thrown: unknown) => thrown,
  );
  await sql.end();
  assert(error instanceof postgres.PostgresError);
  return { sqlstate: error.code, message: error.message };
}

await report([
  { name: "connects over verified TLS", run: on(connects) },
  { name: "does not trust a server certificate of another CA", run: distrusts },
  { name: "runs a query with parameters", run: on(queries) },
  { name: "runs a prepared statement again and again", run: on(prepares) },
  { name: "rolls a transaction back", run: on(rollsBack) },
  { name: "reads a large result", run: on(readsMuch) },
  { name: "copies rows in and out", run: on(copies) },
  { name: "cancels a running query over TLS", run: on(cancels) },
  { name: "reports an error with its SQLSTATE and goes on", run: on(errs) },
  { name: "pipelines queries", run: on(pipelines) },
  { name: "receives a notification", run: on(isNotified) },
  { name: "is refused with a wrong token", run: () => refusal(env("WRONG_TOKEN")) },
  { name: "is refused with an expired token", run: () => refusal(env("EXPIRED_TOKEN")) },
]);
