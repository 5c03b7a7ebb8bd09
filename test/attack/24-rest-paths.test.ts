import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, suite, test } from "node:test";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const SQL = `
  SET search_path TO api;
  CREATE TABLE films (id int PRIMARY KEY, title text);
  INSERT INTO films VALUES (1, 'Alien');
  CREATE TABLE "a/b" (id int); CREATE TABLE "films?x" (id int); CREATE TABLE "rpc" (id int);
  CREATE TABLE salaries (id int); REVOKE ALL ON salaries FROM web;
  GRANT SELECT ON films, "a/b", "films?x" TO anon;
  CREATE FUNCTION films_found() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
  CREATE FUNCTION rank(film int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
  CREATE FUNCTION rank(film text, secret_weight int DEFAULT 1) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
  REVOKE EXECUTE ON FUNCTION rank(text, int) FROM PUBLIC;
  CREATE VIEW slow AS SELECT pg_sleep(600)::text AS x; GRANT SELECT ON slow TO anon;
  CREATE SCHEMA hidden; GRANT USAGE ON SCHEMA hidden TO web, anon;
  CREATE TABLE hidden.films (id int); GRANT SELECT ON hidden.films TO web, anon;
`;

let world: RestWorld;
before(async () => {
  world = await startRest({ sql: SQL, env: { PGRST_CLIENT_ERROR_VERBOSITY: "minimal" } });
});
after(() => world?.stop());

/** What a path is decided on is what is acted on: it is split first and decoded once, and dots are only dots. */
const paths: readonly (readonly [target: string, status: number, code?: string])[] = [
  ["/films", 200],
  ["/%66ilms", 200],
  ["/films/", 404, "PGRST125"],
  ["/a%2Fb", 200],
  ["/films%3Fx", 200],
  ["/a/b", 404, "PGRST125"],
  ["/films/..", 404, "PGRST125"],
  ["/films/../salaries", 404, "PGRST125"],
  ["/films%2F..%2Fsalaries", 404, "PGRST205"],
  ["/..%2Ffilms", 404, "PGRST205"],
  ["/../films", 404, "PGRST125"],
  ["/./films", 404, "PGRST125"],
  ["/%2e%2e/films", 404, "PGRST125"],
  ["/%252e%252e%252ffilms", 404, "PGRST205"],
  ["//films", 404, "PGRST125"],
  ["/films//", 404, "PGRST125"],
  ["/films%00", 404, "PGRST125"],
  ["/films%0d%0aX:1", 404, "PGRST205"],
  ["/films;x=1", 404, "PGRST205"],
  ["/films%ff", 404, "PGRST125"],
  ["/films%", 404, "PGRST205"],
  ["/films%zz", 404, "PGRST205"],
  ["/FILMS", 404, "PGRST205"],
  ["/hidden.films", 404, "PGRST205"],
  ['/hidden"."films', 404, "PGRST205"],
  ["/api.films", 404, "PGRST205"],
  ["/pg_catalog.pg_authid", 404, "PGRST205"],
  ["/pg_authid", 404, "PGRST205"],
  ["/rpc/films_found/x", 404, "PGRST125"],
  ["/rpc//films_found", 404, "PGRST125"],
  ["/rpc%2Ffilms_found", 404, "PGRST205"],
  ["/rpc/pg_sleep", 404, "PGRST202"],
  ["/rpc/..%2Ffilms", 404, "PGRST202"],
];

suite("24: paths", () => {
  for (const [target, status, code] of paths)
    test(`GET ${target} is ${status}${code === undefined ? "" : ` ${code}`}`, async () => {
      const answer = await world.ask(`GET ${target}`);
      assert.equal(answer.status, status, answer.text);
      if (code !== undefined) assert.equal((answer.json() as { code: string }).code, code, answer.text);
    });
});

suite("24: what is hidden stays hidden", () => {
  for (const profile of ["hidden", "pg_catalog", "public", "api, hidden", 'api"', "", "information_schema"])
    test(`the profile header ${JSON.stringify(profile)} opens no schema`, async () => {
      const { status, text } = await world.ask("GET /films", { headers: { "Accept-Profile": profile } });
      if (profile === "") assert.ok(status === 200 || status === 406);
      else assert.deepEqual([status, JSON.parse(text).code], [406, "PGRST106"], text);
      assert.ok(!text.includes("hidden") || profile.includes("hidden"));
    });

  test("with minimal verbosity no name is told that the client did not say", async () => {
    for (const target of [
      "/salarie",
      "/salariess",
      "/rpc/films_foun",
      "/films?select=salaries(*)",
      "/films?nme=eq.1",
      "/rpc/rank?film=1",
    ]) {
      const { status, text } = await world.ask(`GET ${target}`);
      assert.ok(status >= 300, target);
      assert.deepEqual(Object.keys(JSON.parse(text)), ["code", "message"], target);
      for (const name of ["salaries", "films_found", "secret_weight"])
        if (!target.includes(name)) assert.ok(!text.includes(name), `${target}: ${text}`);
    }
  });

  test("no answer tells which server is behind, or that of the gateway", async () => {
    const { headers } = await world.ask("GET /films");
    assert.equal(headers["server"], "postern");
    assert.equal(headers["x-powered-by"], undefined);
  });
});

suite("24: pages of other origins", () => {
  for (const origin of ["https://evil.example", "null", "*", "file://"])
    test(`the origin ${origin} never gets credentials with *`, async () => {
      const preflight = { Origin: origin, "Access-Control-Request-Method": "GET" };
      for (const request of ["GET /films", "OPTIONS /films", "GET /nothing"]) {
        const { headers } = await world.ask(request, { headers: preflight });
        assert.equal(headers["access-control-allow-credentials"], undefined, request);
        assert.equal(headers["access-control-allow-origin"], "*", request);
      }
    });

  test("a header name that a page asks for cannot carry another header", async () => {
    const { headers } = await world.ask("OPTIONS /films", {
      headers: {
        Origin: "https://a.example",
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": 'X-A, X B, "X", X:1',
      },
    });
    const allowed = headers["access-control-allow-headers"];
    assert.equal(allowed, "Authorization, X-A, Accept, Accept-Language, Content-Language");
  });
});

/** A request over a connection of its own. */
async function open(text: string) {
  const socket = connect({ port: world.gateway.port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(text);
  return socket;
}

const RUNNING =
  "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'";

test("24: a client that goes away takes its query with it, and the next request is served", async () => {
  const running = async (wanted: number) => {
    for (;;) {
      const [row] = await world.postgres.query(RUNNING);
      if (Number(row?.["n"]) === wanted) return;
    }
  };
  const clients = [];
  for (let at = 0; at < 4; at++) clients.push(await open("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"));
  await running(4);
  for (const socket of clients) socket.destroy();
  await running(0);
  const { status } = await world.ask("GET /films");
  assert.equal(status, 200);
});
