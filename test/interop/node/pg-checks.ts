/** pg (node-postgres) through the wire door. It has no COPY of its own. */
import assert from "node:assert/strict";
import { once } from "node:events";
import pg from "pg";
import { door, env, report, trusting, UNTRUSTED } from "./report.ts";

declare module "pg" {
  interface Client {
    /** Sends a CancelRequest for what `client` is running. Missing in the published types. */
    cancel(client: pg.Client, query: pg.Query): void;
  }
}

const SLEEPING = "select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'";

async function connect(settings: pg.ClientConfig = {}): Promise<pg.Client> {
  const client = new pg.Client({ ...door, ssl: trusting(env("PGSSLROOTCERT")), ...settings });
  await client.connect();
  return client;
}

/** Makes a check of a function that needs a connection. */
function on(check: (client: pg.Client) => Promise<void>, settings?: pg.ClientConfig) {
  return async (): Promise<undefined> => {
    const client = await connect(settings);
    await check(client);
    await client.end();
  };
}

async function value(client: pg.Client, text: string, values: unknown[] = []): Promise<unknown> {
  const { rows } = await client.query({ text, values, rowMode: "array" });
  return rows[0]?.[0];
}

async function distrusts(): Promise<undefined> {
  await assert.rejects(connect({ ssl: trusting(env("OTHER_CA")) }), {
    code: UNTRUSTED,
  });
}

async function queries(client: pg.Client): Promise<void> {
  const { rows } = await client.query("select $1::int + 1 as n, $2::text as word, null as nothing", [
    41,
    "žluťoučký",
  ]);
  assert.deepEqual(rows, [{ n: 42, word: "žluťoučký", nothing: null }]);
}

async function prepares(client: pg.Client): Promise<void> {
  for (let n = 0; n < 10; n++) {
    const query = { name: "square", text: "select $1::int * $1::int as square", values: [n] };
    assert.deepEqual((await client.query(query)).rows, [{ square: n * n }]);
  }
  assert.equal(await value(client, "select count(*)::int from pg_prepared_statements"), 1);
}

async function rollsBack(client: pg.Client): Promise<void> {
  await client.query("create temp table t (n int)");
  await client.query("begin");
  await client.query("insert into t values (1)");
  await client.query("rollback");
  assert.equal(await value(client, "select count(*)::int from t"), 0);
}

async function readsMuch(client: pg.Client): Promise<void> {
  const { rows } = await client.query("select n, repeat('x', 200) from generate_series(1, 50000) n");
  assert.equal(
    rows.reduce((sum, row) => sum + row.n, 0),
    (50_000 * 50_001) / 2,
  );
}

async function cancels(client: pg.Client): Promise<void> {
  const pid = await value(client, "select pg_backend_pid()");
  const query = new pg.Query("select pg_sleep(120)");
  const failed = once(query, "error");
  client.query(query);
  const watcher = await connect();
  while ((await value(watcher, SLEEPING, [pid])) === undefined);
  await watcher.end();
  // pg sends its CancelRequest in plain text.
  new pg.Client({ ...door, ssl: false }).cancel(client, query);
  const [error] = await failed;
  assert.equal(error.code, "57014");
  assert.equal(await value(client, "select 1"), 1);
}

async function errs(client: pg.Client): Promise<void> {
  await assert.rejects(client.query("select 1 / 0"), { code: "22012", severity: "ERROR" });
  assert.equal(await value(client, "select 1"), 1);
}

async function pipelines(client: pg.Client): Promise<void> {
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  assert.deepEqual(await Promise.all(numbers.map((n) => value(client, "select $1::int", [n]))), numbers);
}

async function isNotified(client: pg.Client): Promise<void> {
  await client.query("listen interop_pg");
  const notified = once(client, "notification");
  const sender = await connect();
  await sender.query("select pg_notify('interop_pg', 'hello')");
  const [notification] = await notified;
  assert.equal(notification.payload, "hello");
  await sender.end();
}

async function refusal(token: string) {
  const error: unknown = await connect({ password: token }).then(
    () => assert.fail("the connection was made"),
    (thrown: unknown) => thrown,
  );
  assert(error instanceof pg.DatabaseError);
  return { sqlstate: error.code ?? "", message: error.message };
}

await report([
  {
    name: "connects over verified TLS",
    run: on(async (client) => assert.equal(await value(client, "select current_user"), door.user)),
  },
  { name: "does not trust a server certificate of another CA", run: distrusts },
  { name: "runs a query with parameters", run: on(queries) },
  { name: "runs a prepared statement again and again", run: on(prepares) },
  { name: "rolls a transaction back", run: on(rollsBack) },
  { name: "reads a large result", run: on(readsMuch) },
  { name: "cancels a running query in plain text, as older clients do", run: on(cancels) },
  { name: "reports an error with its SQLSTATE and goes on", run: on(errs) },
  { name: "pipelines queries", run: on(pipelines, { pipeline: true }) },
  { name: "receives a notification", run: on(isNotified) },
  {
    name: "negotiates TLS directly",
    run: on(async (client) => assert.equal(await value(client, "select 1"), 1), { sslnegotiation: "direct" }),
  },
  { name: "is refused with a wrong token", run: () => refusal(env("WRONG_TOKEN")) },
  { name: "is refused with an expired token", run: () => refusal(env("EXPIRED_TOKEN")) },
]);
