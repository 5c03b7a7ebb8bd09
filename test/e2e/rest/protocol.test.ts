import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { testFeature } from "../../support/feature.ts";
import type { RestCase, RestWorld } from "../../support/rest.ts";
import { startRest, testRest } from "../../support/rest.ts";

const SQL = `
  SET search_path TO api;
  CREATE TABLE films (id int PRIMARY KEY, title text NOT NULL, year int);
  INSERT INTO films VALUES (1, 'Alien', 1979), (2, 'Brazil', 1985), (3, 'Contact', 1997);
  GRANT SELECT ON films TO anon;
  CREATE TABLE secrets (id int); REVOKE ALL ON secrets FROM web;
  CREATE TABLE keyless (a int);
  CREATE VIEW years AS SELECT DISTINCT year FROM films; GRANT SELECT ON years TO anon;
  CREATE VIEW headed AS SELECT set_config('response.headers',
      '[{"Cache-Control":"max-age=60"},{"Vary":"X"},{"Set-Cookie":"a=1"},{"Set-Cookie":"b=2"}]', true) AS x,
      set_config('response.status', '418', true) AS y;
  CREATE VIEW bad_headers AS SELECT set_config('response.headers', '{"a":"b"}', true) AS x;
  CREATE VIEW split_headers AS SELECT set_config('response.headers', '[{"a":"b\\r\\nSet-Cookie: evil=1"}]', true) AS x;
  CREATE VIEW bad_status AS SELECT set_config('response.status', 'teapot', true) AS x;
  CREATE FUNCTION refuse(code text, detail text DEFAULT 'D') RETURNS int LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION USING ERRCODE = code, MESSAGE = 'M', DETAIL = detail, HINT = 'H'; END $$;
  CREATE FUNCTION refuse_as_json() RETURNS int LANGUAGE plpgsql AS $$
    BEGIN RAISE sqlstate 'PGRST' USING
      MESSAGE = '{"code":"123","message":"Payment Required","details":"Quota exceeded","hint":"Upgrade your plan"}',
      DETAIL = '{"status":402,"headers":{"X-Powered-By":"Nerd Rage"}}'; END $$;
  CREATE VIEW refused AS SELECT refuse('23514') AS x;
  CREATE VIEW teapot AS SELECT refuse('PT418') AS x;
  CREATE VIEW unpaid AS SELECT refuse_as_json() AS x;
  CREATE VIEW broken AS SELECT refuse('PGRST') AS x;
  CREATE VIEW cancelled AS SELECT refuse('57014') AS x;
  CREATE FUNCTION reset(n int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1';
  CREATE FUNCTION look(n int) RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
  GRANT SELECT ON headed, bad_headers, split_headers, bad_status, refused, teapot, unpaid, broken, cancelled TO anon;
`;

let world: RestWorld;
let listed: RestWorld;
before(async () => {
  world = await startRest({ sql: SQL, env: { PGRST_SERVER_TRACE_HEADER: "X-Request-Id" } });
  listed = await startRest({
    sql: SQL,
    env: {
      PGRST_SERVER_CORS_ALLOWED_ORIGINS: "https://app.example, https://b.example",
      PGRST_CLIENT_ERROR_VERBOSITY: "minimal",
      PGRST_SERVER_TIMING_ENABLED: "true",
      PGRST_DB_ANON_ROLE: undefined,
      PGRST_OPENAPI_MODE: "disabled",
    },
  });
});
after(async () => {
  await world?.stop();
  await listed?.stop();
});

const PAGE = { Origin: "https://app.example" };
const PREFLIGHT = {
  ...PAGE,
  "Access-Control-Request-Method": "POST",
  "Access-Control-Request-Headers": "Foo,Bar",
};
const JSON_TYPE = "application/json; charset=utf-8";

const answers: readonly RestCase[] = [
  {
    feature: "protocol.content-length",
    request: "GET /films?id=eq.1",
    status: 200,
    answer: [{ id: 1, title: "Alien", year: 1979 }],
    answerHeaders: {
      "Content-Length": "38",
      "Content-Type": JSON_TYPE,
      "Content-Range": "0-0/*",
      "Transfer-Encoding": null,
    },
  },
  {
    feature: "protocol.content-length",
    request: "GET /nothing",
    because: "an error",
    status: 404,
    answerHeaders: { "Content-Length": /^\d+$/, "Content-Type": JSON_TYPE },
  },
  {
    feature: "protocol.head",
    request: "HEAD /films",
    status: 200,
    answer: "",
    answerHeaders: { "Content-Type": JSON_TYPE, "Content-Range": "0-2/*", "Content-Length": null },
  },
  {
    feature: "protocol.head",
    request: "HEAD /nothing",
    because: "an error",
    status: 404,
    answer: "",
    answerHeaders: { "Proxy-Status": "PostgREST; error=PGRST205" },
  },
  {
    feature: "protocol.content-location",
    request: "GET /films?year=eq.1979&id=eq.1",
    status: 200,
    answerHeaders: { "Content-Location": "/films?id=eq.1&year=eq.1979" },
  },
  {
    feature: "protocol.content-location",
    request: "GET /films",
    status: 200,
    answerHeaders: { "Content-Location": "/films" },
  },
  {
    feature: "protocol.vary",
    request: "GET /films",
    status: 200,
    answerHeaders: { Vary: "Accept, Prefer, Range" },
  },
  {
    feature: "protocol.server-header",
    request: "GET /films",
    status: 200,
    answerHeaders: { Server: "postern" },
  },
  {
    feature: "protocol.trace-header",
    request: "GET /films",
    headers: { "x-request-id": "4711" },
    status: 200,
    answerHeaders: { "X-Request-Id": "4711" },
  },
  {
    feature: "protocol.trace-header",
    request: "GET /nothing",
    headers: { "X-Request-Id": "4712" },
    status: 404,
    answerHeaders: { "X-Request-Id": "4712" },
  },
  {
    feature: "protocol.session-header",
    request: "GET /films",
    status: 200,
    answerHeaders: { "Postern-Session": /^[0-9a-f]{12}$/ },
  },
  {
    feature: "protocol.unsupported-method",
    request: "TRACE /films",
    status: 405,
    answer: { code: "PGRST117", details: null, hint: null, message: "Unsupported HTTP method: TRACE" },
  },
  {
    feature: "protocol.invalid-path",
    request: "GET /films/1/2",
    status: 404,
    answer: { code: "PGRST125", details: null, hint: null, message: "Invalid path specified in request URL" },
  },
];

const databaseSays: readonly RestCase[] = [
  {
    feature: "protocol.response-headers",
    request: "GET /headed",
    status: 418,
    answerHeaders: { "Cache-Control": "max-age=60", Vary: "X", "Set-Cookie": "a=1,b=2" },
  },
  {
    feature: "protocol.response-headers",
    request: "GET /bad_headers",
    status: 500,
    answer: {
      code: "PGRST111",
      details: null,
      hint: null,
      message:
        "response.headers guc must be a JSON array composed of objects with a single key and a string value",
    },
  },
  {
    feature: "protocol.response-headers",
    request: "GET /split_headers",
    because: "a line break in a value",
    status: 500,
    answerHeaders: { "Set-Cookie": null, "Proxy-Status": "PostgREST; error=PGRST111" },
  },
  {
    feature: "protocol.response-status",
    request: "GET /bad_status",
    status: 500,
    answer: {
      code: "PGRST112",
      details: null,
      hint: null,
      message: "response.status guc must be a valid status code",
    },
  },
  {
    feature: "errors.postgresql",
    request: "GET /refused",
    status: 400,
    answer: { code: "23514", details: "D", hint: "H", message: "M" },
    answerHeaders: { "Proxy-Status": "PostgREST; error=23514", "Content-Type": JSON_TYPE },
  },
  {
    feature: "errors.proxy-status",
    request: "HEAD /cancelled",
    status: 500,
    answer: "",
    answerHeaders: { "Proxy-Status": "PostgREST; error=57014" },
  },
  {
    feature: "errors.raise-status",
    request: "GET /teapot",
    status: 418,
    answer: { code: "PT418", details: "D", hint: "H", message: "M" },
  },
  {
    feature: "errors.raise-json",
    request: "GET /unpaid",
    status: 402,
    answer: {
      code: "123",
      details: "Quota exceeded",
      hint: "Upgrade your plan",
      message: "Payment Required",
    },
    answerHeaders: { "X-Powered-By": "Nerd Rage", "Proxy-Status": "PostgREST; error=123" },
  },
  {
    feature: "errors.raise-json",
    request: "GET /broken",
    status: 500,
    answer: {
      code: "PGRST121",
      details: "Invalid JSON value for MESSAGE: 'M'",
      hint: "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
      message: "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error",
    },
  },
  {
    feature: "errors.insufficient-privilege",
    request: "GET /secrets",
    status: 401,
    answer: { code: "42501", details: null, hint: null, message: "permission denied for table secrets" },
    answerHeaders: { "WWW-Authenticate": "Bearer" },
  },
  {
    feature: "errors.insufficient-privilege",
    request: "GET /secrets",
    as: "web",
    status: 403,
    answer: { code: "42501", details: null, hint: null, message: "permission denied for table secrets" },
    answerHeaders: { "WWW-Authenticate": null },
  },
];

const options: readonly (readonly [target: string, allow: string])[] = [
  ["/", "OPTIONS,GET,HEAD"],
  ["/films", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"],
  ["/keyless", "OPTIONS,GET,HEAD,POST,PATCH,DELETE"],
  ["/years", "OPTIONS,GET,HEAD"],
  ["/rpc/reset", "OPTIONS,POST"],
  ["/rpc/look", "OPTIONS,GET,HEAD,POST"],
];

const allow: readonly RestCase[] = [
  ...options.map(([target, methods]) => ({
    feature: "protocol.options",
    request: `OPTIONS ${target}`,
    status: 200,
    answer: "",
    answerHeaders: { Allow: methods, "Content-Length": "0", "Access-Control-Allow-Origin": "*" },
  })),
  { feature: "protocol.options", request: "OPTIONS /nothing", status: 404 },
  { feature: "protocol.options", request: "OPTIONS /rpc/nothing", status: 404 },
];

const crossOrigin: readonly RestCase[] = [
  {
    feature: "protocol.cors",
    request: "OPTIONS /films",
    because: "a preflight request",
    headers: PREFLIGHT,
    status: 200,
    answer: "",
    answerHeaders: {
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Allow-Credentials": null,
      "Access-Control-Allow-Methods": "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD",
      "Access-Control-Allow-Headers": "Authorization, Foo, Bar, Accept, Accept-Language, Content-Language",
      "Access-Control-Max-Age": "86400",
    },
  },
  {
    feature: "protocol.cors",
    request: "GET /films",
    headers: PAGE,
    status: 200,
    answerHeaders: {
      "Access-Control-Allow-Origin": "*",
      "Access-Control-Allow-Credentials": null,
      "Access-Control-Expose-Headers": /Content-Range/,
    },
  },
  {
    feature: "protocol.cors",
    request: "GET /nothing",
    because: "an error that the page may read",
    headers: PAGE,
    status: 404,
    answerHeaders: { "Access-Control-Allow-Origin": "*" },
  },
];

const ofListed: readonly RestCase[] = [
  {
    feature: "protocol.cors-origins",
    request: "OPTIONS /films",
    because: "a preflight request",
    headers: PREFLIGHT,
    status: 200,
    answerHeaders: {
      "Access-Control-Allow-Origin": "https://app.example",
      "Access-Control-Allow-Credentials": "true",
      Vary: "Accept, Prefer, Range, Origin",
    },
  },
  {
    feature: "protocol.cors-origins",
    request: "GET /films",
    because: "another origin",
    as: "web",
    headers: { Origin: "https://evil.example" },
    status: 200,
    answerHeaders: { "Access-Control-Allow-Origin": null, "Access-Control-Allow-Credentials": null },
  },
  {
    feature: "errors.verbosity",
    request: "GET /filmz",
    as: "web",
    status: 404,
    answer: { code: "PGRST205", message: "Could not find the table 'api.filmz' in the schema cache" },
  },
  {
    feature: "protocol.server-timing",
    request: "GET /films",
    as: "web",
    status: 200,
    answerHeaders: {
      "Server-Timing":
        /^jwt;dur=\d+\.\d, parse;dur=\d+\.\d, plan;dur=\d+\.\d, transaction;dur=\d+\.\d, response;dur=\d+\.\d$/,
    },
  },
  {
    feature: "errors.anonymous-disabled",
    request: "GET /films",
    status: 401,
    answer: { code: "PGRST302", message: "Anonymous access is disabled" },
    answerHeaders: { "WWW-Authenticate": "Bearer", "Proxy-Status": "PostgREST; error=PGRST302" },
  },
  {
    feature: "errors.token",
    request: "GET /films",
    headers: { Authorization: "Bearer a.b" },
    status: 401,
    answer: { code: "PGRST301", message: "Expected 3 parts in JWT; got 2" },
    answerHeaders: {
      "WWW-Authenticate": 'Bearer error="invalid_token", error_description="Expected 3 parts in JWT; got 2"',
    },
  },
  {
    feature: "openapi.disabled",
    request: "GET /",
    as: "web",
    status: 404,
    answer: { code: "PGRST126", message: "Root endpoint metadata is disabled" },
  },
];

suite("what every answer says", () => testRest(() => world, answers));
suite("what the database says of the answer", () => testRest(() => world, databaseSays));
suite("OPTIONS", () => testRest(() => world, allow));
suite("pages of other origins", () => testRest(() => world, crossOrigin));
suite("with other settings", () => testRest(() => listed, ofListed));

test("a request that is denied has the id of the denial in the log, and not its reason", async () => {
  const { status, headers, text } = await world.ask("GET /films", {
    headers: { Authorization: "Bearer a.b.c" },
  });
  assert.equal(status, 401);
  const denied = await world.gateway.logged((line) => line["session"] === headers["postern-session"]);
  assert.equal(denied["event"], "login.denied.v1");
  assert.ok(!text.includes(String(denied["detail"])));
});

test("the id in the answer is the one in the log", async () => {
  const { headers } = await world.ask("GET /films", { as: "web" });
  const id = String(headers["postern-session"]);
  await world.gateway.logged((line) => line["event"] === "login.allowed.v1" && line["session"] === id);
  assert.match(id, /^[0-9a-f]{12}$/);
});

testFeature({ feature: "errors.no-secret" }, "a door without keys says so to who sends a token", async () => {
  const keyless = await startRest({ sql: "", env: { PGRST_JWT_SECRET: undefined } });
  try {
    const answer = await keyless.ask("GET /", { as: "web" });
    assert.equal(answer.status, 500);
    assert.deepEqual(answer.json(), {
      code: "PGRST300",
      details: null,
      hint: null,
      message: "Server lacks JWT secret",
    });
    assert.equal((await keyless.ask("GET /")).status, 200);
  } finally {
    await keyless.stop();
  }
});

testFeature(
  { feature: "auth.expiry" },
  "a token that never ends is refused, and how to make one that does is said",
  async () => {
    const authorization = `Bearer ${world.token("web", { exp: undefined })}`;
    const answer = await world.ask("GET /films", { headers: { authorization } });
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.json(), {
      code: "PGRST303",
      message: "The JWT has no 'exp' claim",
      details: null,
      hint: "Every token must end: add 'exp', the Unix time in seconds at which it does, where tokens are issued.",
    });
  },
);
