import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { message } from "../../../src/protocol/bytes.ts";
import { answerGuard, startFakeServer, welcome } from "../../support/fake-server.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { ask, type TestUpstream } from "../../support/upstream.ts";
import { upstreamsOf } from "../../support/upstream-suite.ts";

const settings = { login: { method: "trust" }, warmSpares: 1 };
let server: TestPostgres;

before(async () => {
  server = await startPostgres({
    hba: ["host all all 127.0.0.1/32 trust"],
    sql: "CREATE ROLE app LOGIN; CREATE ROLE other LOGIN",
  });
  await server.query("CREATE DATABASE second");
});

after(() => server.stop());

const to = upstreamsOf(() => server);

const PIDS = "SELECT pid FROM pg_stat_activity WHERE usename = $role ORDER BY backend_start";

/** The processes that serve `role`, oldest first, once there are `count` of them and none is still starting. */
async function backends(role: string, count: number): Promise<number[]> {
  for (;;) {
    const rows = await server.query(PIDS.replace("$role", `'${role}' AND state = 'idle'`));
    if (rows.length === count) return rows.map(({ pid }) => Number(pid));
  }
}

/** Logs in as `role` and returns the session's process, with the spare that was made on the side. */
async function logIn(
  upstream: TestUpstream,
  role: string,
): Promise<{ readonly used: number; readonly spare: number }> {
  const session = await upstream.open(role);
  const spare = (await backends(role, 2)).find((pid) => pid !== session.processId);
  assert.ok(spare);
  session.close();
  await backends(role, 1);
  return { used: session.processId, spare };
}

test("the next login with the same role, database and parameters gets the spare, and another one is made", async () => {
  const upstream = to(settings);
  const first = await logIn(upstream, "app");
  const second = await logIn(upstream, "app");
  assert.equal(second.used, first.spare);
  assert.notEqual(second.spare, first.used);
  const session = await upstream.open("app");
  assert.deepEqual(await ask(session, "SELECT session_user, pg_backend_pid()"), [
    ["app", String(second.spare)],
  ]);
  assert.ok(session.greeting.includes("server_version"));
  session.close();
  upstream.upstream.close();
  await backends("app", 0);
});

test("a spare goes to nobody with another role, database or startup parameter", async () => {
  const upstream = to(settings);
  const { spare } = await logIn(upstream, "app");
  const others = [
    await upstream.open("other"),
    await upstream.open("app", { database: "second" }),
    await upstream.open("app", { parameters: { application_name: "psql" } }),
  ];
  for (const session of others) {
    assert.notEqual(session.processId, spare);
    session.close();
  }
  upstream.upstream.close();
  await backends("app", 0);
  await backends("other", 0);
});

test("a spare that the server ended is not handed out", async () => {
  const upstream = to(settings);
  const first = await logIn(upstream, "app");
  await server.query(`SELECT pg_terminate_backend(${first.spare})`);
  await backends("app", 0);
  const second = await logIn(upstream, "app");
  assert.notEqual(second.used, first.spare);
  upstream.upstream.close();
  await backends("app", 0);
});

test("a spare on which anything arrives is closed", async () => {
  const fake = await startFakeServer(async (peer) => {
    await peer.packet();
    peer.send(welcome);
    await answerGuard(peer);
  });
  const hosts = [{ host: "127.0.0.1", port: fake.port }];
  const upstream = to({ ...settings, tls: { mode: "disable" }, hosts });
  (await upstream.open("app")).close();
  while (fake.peers.length < 2) await new Promise((resolve) => setImmediate(resolve));
  const spare = fake.peers[1];
  assert.ok(spare);
  const closed = new Promise((resolve) => spare.socket.once("close", resolve));
  spare.send(message("N", "SNOTICE\0VNOTICE\0C00000\0Mhello\0\0"));
  await closed;
  const session = await upstream.open("app");
  assert.equal(session.greeting.includes("hello"), false);
  assert.equal(fake.peers.length > 2, true);
  session.close();
  upstream.upstream.close();
  await fake.stop();
});

test("a client that has gone gets no spare", async () => {
  const upstream = to(settings);
  await logIn(upstream, "app");
  await assert.rejects(upstream.open("app", { abort: AbortSignal.abort() }), { code: "upstream/aborted" });
});
