/** How requests of the REST door end before they are done: the client leaves, its right goes, the gateway stops. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { after, before, test } from "node:test";
import { mintToken, newKeyPair, publicJwk } from "../../src/identity/mint.ts";
import { directoryWith } from "../support/config-files.ts";
import { eventually, withinSeconds } from "../support/eventually.ts";
import type { LogLine } from "../support/gateway.ts";
import { holdLock } from "../support/held-lock.ts";
import type { RestOptions, RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const SQL = `
  CREATE TABLE api.notes (id int);
  CREATE FUNCTION api.sleep() RETURNS text LANGUAGE sql AS $$ SELECT pg_sleep(120); SELECT 'slept' $$;
  CREATE FUNCTION api.read_slowly() RETURNS SETOF api.notes STABLE LANGUAGE sql
    AS $$ SELECT n FROM generate_series(1, 3) n, pg_sleep(120) $$;
  CREATE FUNCTION api.stubborn() RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_sleep(120);
    EXCEPTION WHEN query_canceled THEN
      RETURN 'went on';
    END $$;
  CREATE FUNCTION api.write_slowly() RETURNS void LANGUAGE sql
    AS $$ INSERT INTO api.notes VALUES (1); SELECT pg_sleep(120) $$;
  CREATE FUNCTION api.wait() RETURNS text LANGUAGE sql AS $$ SELECT pg_advisory_lock(7); SELECT 'waited' $$;
`;
const ACTIVE = `SELECT pid FROM pg_stat_activity
  WHERE usename = 'authenticator' AND state = 'active' AND wait_event IN ('PgSleep', 'advisory')`;

let world: RestWorld;
before(async () => {
  world = await startRest({ sql: SQL, env: { PGRST_DB_POOL: "2" } });
});
after(() => world?.stop());

/** Resolves when the server runs exactly so many queries that wait for something. */
function running(count: number, { postgres } = world): Promise<unknown> {
  return eventually(`${count} queries run`, async () => (await postgres.query(ACTIVE)).length === count);
}

/** What was logged of requests to a path. */
function requests(path: string): readonly LogLine[] {
  return world.gateway.log.filter((line) => line.event === "request.v1" && line["path"] === path);
}

/** The head of a request, as it goes over the wire. */
function head(request: string, headers: Readonly<Record<string, string>>): string {
  const fields = Object.entries({ Host: "localhost", ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `${[`${request} HTTP/1.1`, ...fields].join("\r\n")}\r\n\r\n`;
}

/** Sends a request and returns its connection, to be closed without an answer. */
function sendOnly(request: string, token = world.token("web")) {
  const socket = connect({ host: "127.0.0.1", port: world.gateway.port });
  socket.on("error", () => {});
  socket.write(head(request, { Authorization: `Bearer ${token}`, "Content-Length": "0" }));
  return socket;
}

for (const request of [
  "POST /rpc/sleep",
  "GET /rpc/read_slowly",
  "POST /rpc/stubborn",
  "POST /rpc/write_slowly",
])
  test(`the query of ${request} ends on the server when its client leaves, and leaves nothing behind`, async () => {
    const socket = sendOnly(request);
    await running(1);
    socket.destroy();
    await running(0);
    const [, path = ""] = request.split(" ");
    await eventually("the log says who ended it", () => requests(path).at(-1)?.["status"] === 499);
    const notes = await world.ask("GET /notes", { as: "web" });
    assert.deepEqual([notes.status, notes.json()], [200, []]);
  });

test("a request whose client leaves while it waits for a connection never runs", async () => {
  const busy = [sendOnly("POST /rpc/sleep"), sendOnly("POST /rpc/sleep")];
  await running(2);
  const sessions = () => world.gateway.log.filter(({ event }) => event === "session.started.v1").length;
  const before = sessions();
  const waiting = sendOnly("POST /rpc/write_slowly", world.token("web", { jti: "another session" }));
  await eventually("the request was read", () => sessions() > before);
  const behind = world.ask("GET /notes", { as: "web" }); // in the queue
  waiting.destroy();
  await eventually("the request is over", () => requests("/rpc/write_slowly").at(-1)?.["status"] === 499);
  for (const socket of busy) socket.destroy();
  assert.deepEqual((await behind).json(), []);
  await running(0);
});

test("a request whose client leaves in the middle of its body does nothing", async () => {
  const before = requests("/notes").length;
  const socket = connect({ host: "127.0.0.1", port: world.gateway.port });
  const authorization = `Bearer ${world.token("web")}`;
  socket.write(head("POST /notes", { Authorization: authorization, "Content-Length": "1000" }));
  socket.write('[{"id": 1},');
  socket.end();
  await eventually("the request is over", () => requests("/notes").length > before);
  assert.deepEqual((await world.ask("GET /notes", { as: "web" })).json(), []);
});

/** A query that runs, with a token that will soon expire. */
function expiring() {
  return withinSeconds(3, async (seconds) => {
    const exp = Math.floor(Date.now() / 1000) + seconds;
    const headers = { authorization: `Bearer ${world.token("web", { exp })}` };
    const asked = world.ask("POST /rpc/sleep", { headers });
    let answered = false;
    void asked.then(() => (answered = true));
    await eventually(
      "it runs, or is refused",
      async () => answered || (await world.postgres.query(ACTIVE)).length === 1,
    );
    assert.equal(answered, false);
    return { headers, asked };
  });
}

test("a request is cut and answered 401 when its token expires while it runs", async () => {
  const { headers, asked } = await expiring();
  const answer = await asked;
  assert.equal(answer.status, 401, answer.text);
  assert.deepEqual(answer.json(), { code: "PGRST303", message: "JWT expired", details: null, hint: null });
  assert.equal(
    answer.headers["www-authenticate"],
    'Bearer error="invalid_token", error_description="JWT expired"',
  );
  await running(0);
  assert.equal((await world.ask("GET /notes", { headers })).status, 401);
  assert.equal((await world.ask("GET /notes", { as: "web" })).status, 200);
});

/** A door whose keys are in a file. */
async function withKeyFile(t: TestContext) {
  const [kept, removed] = [newKeyPair("ES256"), newKeyPair("ES256")];
  const jwks = (...pairs: readonly { readonly publicPem: string }[]) =>
    JSON.stringify({ keys: pairs.map(({ publicPem }) => publicJwk(publicPem)) });
  const file = join(directoryWith(t, {}), "keys.json");
  writeFileSync(file, jwks(kept, removed));
  const own = await startRest({ sql: SQL, env: { PGRST_JWT_SECRET: `@${file}` } });
  t.after(() => own.stop());
  const exp = Math.floor(Date.now() / 1000) + 600;
  const as = ({ privatePem }: { readonly privatePem: string }) => ({
    authorization: `Bearer ${mintToken(privatePem, { role: "web", sub: "web", exp })}`,
  });
  return { own, kept: as(kept), removed: as(removed), removeKey: () => writeFileSync(file, jwks(kept)) };
}

test("a request is cut and answered 401 when the key of its token is removed while it runs", async (t) => {
  const { own, kept, removed, removeKey } = await withKeyFile(t);
  const asked = own.ask("POST /rpc/sleep", { headers: removed });
  const other = own.ask("POST /rpc/sleep", { headers: kept });
  await running(2, own);
  removeKey();
  own.gateway.process.kill("SIGUSR2");
  const answer = await asked;
  assert.equal(answer.status, 401, answer.text);
  assert.equal((answer.json() as { code: string }).code, "PGRST303");
  await running(1, own);
  assert.equal((await own.ask("GET /notes", { headers: removed })).status, 401);
  assert.equal((await own.ask("GET /notes", { headers: kept })).status, 200);
  await own.postgres.query(`SELECT pg_cancel_backend(pid) FROM (${ACTIVE}) AS one`);
  assert.equal((await other).status, 500); // 57014 of the server: this one had run on
});

/** A door of its own for each test that stops one, and the lock that `wait()` waits for. */
async function stoppable(t: TestContext, env: RestOptions["env"] = {}) {
  const own = await startRest({ sql: SQL, env });
  const { release: unlock } = await holdLock(own.postgres.port, 7);
  t.after(async () => {
    await unlock();
    await own.stop();
  });
  return { own, unlock };
}

function refusesConnections(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      done(false);
    });
    socket.once("error", () => done(true));
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const)
  test(`${signal}: requests that run are answered, nobody new is let in, and then the gateway ends`, async (t) => {
    const { own, unlock } = await stoppable(t);
    const asked = [1, 2, 3].map(() => own.ask("POST /rpc/wait", { as: "web" }));
    await running(3, own);
    const idle = connect({ host: "127.0.0.1", port: own.gateway.port });
    idle.write(head("GET /", {}));
    await once(idle, "data");
    const closed = once(idle, "close");
    const exit = own.gateway.stop(signal);
    await eventually("the port is closed", () => refusesConnections(own.gateway.port));
    await closed;
    await unlock();
    for (const answer of await Promise.all(asked)) {
      assert.deepEqual([answer.status, answer.text], [200, '"waited"']);
      assert.equal(answer.headers.connection, "close");
    }
    assert.equal(await exit, 0);
    await running(0, own);
  });

test("a request that runs longer than the drain may take is cut, and ends on the server", async (t) => {
  const { own } = await stoppable(t, { POSTERN__LIMITS__DRAIN_TIMEOUT: "1s" });
  const asked = own.ask("POST /rpc/wait", { as: "web" });
  const cut = assert.rejects(asked, { code: "ECONNRESET" });
  await running(1, own);
  const exit = own.gateway.stop();
  await cut;
  assert.equal(await exit, 0);
  await running(0, own);
});
