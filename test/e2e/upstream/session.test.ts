import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BackendReader } from "../../../src/protocol/backend.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { ask } from "../../support/upstream.ts";
import { once, upstreamsOf } from "../../support/upstream-suite.ts";

const login = { method: "trust" };
let server: TestPostgres;

before(async () => {
  server = await startPostgres({
    hba: ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
    settings: { log_line_prefix: "%a|%u|" },
    sql: `CREATE ROLE app LOGIN; CREATE ROLE copier LOGIN REPLICATION;`,
  });
  await server.query('CREATE DATABASE "my data"');
});

after(() => server.stop());

const to = upstreamsOf(() => server);

test("a session is handed over at ReadyForQuery, with what the server said and its process id", async () => {
  const upstream = to({ login });
  const session = await upstream.open("app", { database: "my data" });
  const reader = new BackendReader();
  reader.push(session.greeting);
  const types: string[] = [];
  for (let message = reader.next(); message !== undefined; message = reader.next()) types.push(message.type);
  assert.deepEqual(new Set(types), new Set(["S"]));
  assert.equal(reader.rest().length, 0);
  assert.ok(session.greeting.includes("server_version"));
  assert.equal(session.head.length, 0);
  assert.equal(session.host, `localhost:${server.port}`);
  assert.deepEqual(await ask(session, "SELECT pg_backend_pid(), current_database()"), [
    [String(session.processId), "my data"],
  ]);
  session.close();
});

test("the client's startup parameters reach the server", async () => {
  const parameters = {
    application_name: "psql",
    client_encoding: "LATIN1",
    search_path: "a, b",
    options: "-c work_mem=5MB -c app.tenant=blue",
  };
  const rows = await once(
    to({ login }),
    "app",
    `SELECT current_setting('application_name'), current_setting('client_encoding'), current_setting('search_path'),
      current_setting('work_mem'), current_setting('app.tenant')`,
    { parameters },
  );
  assert.deepEqual(rows, [["psql", "LATIN1", "a, b", "5MB", "blue"]]);
});

for (const name of ["user", "database", "role", "Session_Authorization", "is_superuser"]) {
  test(`a startup parameter ${name} from a client is never passed on`, async () => {
    await assert.rejects(to({ login }).open("app", { parameters: { [name]: "postgres" } }), TypeError);
  });
}

test("the server's log can name the client, within the 63 bytes of application_name", async () => {
  const upstream = to({ login, reportClient: "application_name" });
  const SHOW = "SHOW application_name";
  assert.deepEqual(await once(upstream, "app", SHOW), [["postern (app@192.0.2.1)"]]);
  const long = { application_name: `naïve\n${"x".repeat(80)}` };
  const [row] = await once(upstream, "app", SHOW, { parameters: long });
  assert.equal(row?.[0], `na?ve?${"x".repeat(41)} (app@192.0.2.1)`);
});

test("the client can be named in the setting postern.client instead", async () => {
  const upstream = to({ login, reportClient: "parameter" });
  assert.deepEqual(await once(upstream, "app", "SHOW postern.client"), [["app@192.0.2.1"]]);
});

test("a running query is cancelled over a connection with the same TLS", async () => {
  for (const tls of [
    { caFile: server.caFile },
    { mode: "disable" },
    ...(server.major >= 17 ? [{ caFile: server.caFile, negotiation: "direct" }] : []),
  ]) {
    const session = await to({ login, tls }).open("app");
    const sleeping = ask(session, "SELECT pg_sleep(60)");
    sleeping.catch(() => {});
    await running(session.processId);
    await session.cancel();
    await assert.rejects(sleeping, /57014: canceling statement due to user request/);
    assert.deepEqual(await ask(session, "SELECT 1"), [["1"]]);
    session.close();
  }
});

/** Resolves when the backend is in its query. */
async function running(pid: number): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE pid = ${pid} AND wait_event = 'PgSleep'`;
  while ((await server.query(sql)).length === 0);
}

test("cancelling after the session has ended disturbs nobody", async () => {
  const upstream = to({ login });
  const session = await upstream.open("app");
  session.close();
  await session.cancel();
  assert.deepEqual(await once(upstream, "app", "SELECT 1"), [["1"]]);
});

test("replication connections are opened for an admission to replicate", async () => {
  const upstream = to({ login, replicationRoles: ["copier"] });
  const [identified] = await once(upstream, "copier", "IDENTIFY_SYSTEM", {
    replication: true,
    parameters: { replication: "true" },
  });
  assert.equal(identified?.length, 4);
  const rows = await once(upstream, "copier", "SELECT 1", {
    replication: true,
    parameters: { replication: "database" },
  });
  assert.deepEqual(rows, [["1"]]);
});

test("a client's wish to replicate does nothing without an admission to", async () => {
  const upstream = to({ login });
  const session = await upstream.open("app", { parameters: { replication: "database" } });
  await assert.rejects(ask(session, "IDENTIFY_SYSTEM"), /42601/);
  session.close();
});

test("a server is reached through a Unix-domain socket, where libpq needs no TLS either", async () => {
  const directory = mkdtempSync(join(tmpdir(), "postern-socket-"));
  chmodSync(directory, 0o777);
  const local = await startPostgres({
    hba: ["local all all trust"],
    settings: { unix_socket_directories: directory },
    sql: "CREATE ROLE app LOGIN",
  });
  const upstream = to({ login, hosts: [{ host: directory, port: local.port }] });
  const session = await upstream.open("app");
  assert.deepEqual(await ask(session, "SELECT inet_client_addr()"), [[null]]);
  await session.cancel();
  session.close();
  await local.stop();
  rmSync(directory, { recursive: true });
});

test("a client that goes away ends the attempt at once", async () => {
  const abort = new AbortController();
  const upstream = to({ login, hosts: [{ host: "192.0.2.1" }] });
  const opening = upstream.open("app", { abort: abort.signal });
  abort.abort();
  await assert.rejects(opening, { code: "upstream/aborted" });
  await assert.rejects(upstream.open("app", { abort: abort.signal }), { code: "upstream/aborted" });
});
