import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { testFeature } from "../../support/feature.ts";
import type { RestWorld } from "../../support/rest.ts";
import { startRest, testRest } from "../../support/rest.ts";

const SQL = `
  SET search_path TO api, public;
  CREATE TABLE directors (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO directors VALUES (1, 'Varda'), (2, 'Kurosawa');
  CREATE TABLE films (id int PRIMARY KEY, title text, year int, director_id int REFERENCES directors (id));
  INSERT INTO films VALUES (1, 'Cléo', 1962, 1), (2, 'Ikiru', 1952, 2), (3, 'Ran', 1985, 2);
  GRANT SELECT ON directors, films TO anon;

  CREATE FUNCTION add(a int, b int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a + b';
  CREATE FUNCTION hello(name text DEFAULT 'you') RETURNS text STABLE LANGUAGE sql AS $$ SELECT 'Hello, ' || name $$;
  CREATE FUNCTION nothing() RETURNS void LANGUAGE sql AS '';
  CREATE FUNCTION null_int() RETURNS int LANGUAGE sql AS 'SELECT NULL::int';
  CREATE FUNCTION numbers() RETURNS SETOF int STABLE LANGUAGE sql AS 'VALUES (1), (2), (3)';
  CREATE TYPE spot AS (x int, y int);
  CREATE FUNCTION origin() RETURNS spot STABLE LANGUAGE sql AS 'SELECT (1, 2)::api.spot';
  CREATE FUNCTION films_of(director int) RETURNS SETOF films STABLE LANGUAGE sql
    AS 'SELECT * FROM api.films WHERE director_id = director';
  CREATE FUNCTION film(id int) RETURNS films STABLE LANGUAGE sql AS 'SELECT * FROM api.films f WHERE f.id = film.id';
  CREATE FUNCTION one_out(num int, OUT more int) STABLE LANGUAGE sql AS 'SELECT num + 1';
  CREATE FUNCTION a_table() RETURNS TABLE (a text, v int) STABLE LANGUAGE sql AS $$ VALUES ('x', 1), ('y', NULL) $$;
  CREATE FUNCTION a_record() RETURNS record STABLE LANGUAGE sql AS 'SELECT id, title FROM api.films WHERE id = 1';
  CREATE FUNCTION words(VARIADIC v text[] DEFAULT '{}') RETURNS text[] STABLE LANGUAGE sql AS 'SELECT v';
  CREATE FUNCTION overloaded() RETURNS int STABLE LANGUAGE sql AS 'SELECT 0';
  CREATE FUNCTION overloaded(a int, b int) RETURNS int STABLE LANGUAGE sql AS 'SELECT a + b';
  CREATE FUNCTION same(arg int) RETURNS int LANGUAGE sql AS 'SELECT arg';
  CREATE FUNCTION same(arg xml) RETURNS xml LANGUAGE sql AS 'SELECT arg';
  CREATE FUNCTION whole(json) RETURNS json LANGUAGE sql AS 'SELECT $1';
  CREATE DOMAIN "text/plain" AS text;
  CREATE DOMAIN "application/octet-stream" AS bytea;
  CREATE FUNCTION plain(text) RETURNS "text/plain" LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION bytes(bytea) RETURNS "application/octet-stream" LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION xml_text(xml) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
  CREATE FUNCTION rename(film int, title text) RETURNS SETOF films VOLATILE SECURITY DEFINER LANGUAGE sql
    AS 'UPDATE api.films SET title = $2 WHERE id >= $1 RETURNING *';
  CREATE FUNCTION sneaky() RETURNS void STABLE LANGUAGE plpgsql AS $$ BEGIN DELETE FROM api.films; END $$;
  CREATE FUNCTION level() RETURNS text LANGUAGE sql SET default_transaction_isolation = 'serializable'
    AS $$ SELECT current_setting('transaction_isolation') $$;
  CREATE FUNCTION timeout() RETURNS text LANGUAGE sql SET statement_timeout = '7s'
    AS $$ SELECT current_setting('statement_timeout') $$;
  CREATE FUNCTION teapot() RETURNS json LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('response.status', '418', true), set_config('response.headers', '[{"X-Tea": "green"}]', true);
    RETURN '{"tea": true}'::json;
  END $$;
  CREATE FUNCTION bad_status() RETURNS void LANGUAGE sql AS $$ SELECT set_config('response.status', 'x', true) $$;
  CREATE FUNCTION raise_pt() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    RAISE SQLSTATE 'PT402' USING message = 'Payment Required', detail = 'Quota exceeded', hint = 'Upgrade your plan';
  END $$;
  CREATE FUNCTION raise_plain() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE 'I refuse!' USING detail = 'simple'; END $$;
  CREATE FUNCTION raise_pgrst() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    RAISE SQLSTATE 'PGRST' USING
      message = '{"code": "123", "message": "ABC", "details": "DEF", "hint": "XYZ"}',
      detail = '{"status": 432, "headers": {"X-Powered-By": "Nerd Rage"}}';
  END $$;
  CREATE FUNCTION raise_bad() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE 'PGRST' USING message = 'INVALID'; END $$;
  CREATE FUNCTION who() RETURNS text LANGUAGE sql AS 'SELECT current_user';
  CREATE FUNCTION secret() RETURNS int LANGUAGE sql AS 'SELECT 1';
  REVOKE EXECUTE ON FUNCTION secret FROM PUBLIC;
`;

const OBJECT = "application/vnd.pgrst.object+json";
const FORM = { "content-type": "application/x-www-form-urlencoded" };
const ran = { id: 3, title: "Ran", year: 1985, director_id: 2 };
const notFound = (message: string, details: string, hint: string | null) => ({
  code: "PGRST202",
  message,
  details,
  hint,
});

describe("functions over HTTP", () => {
  let world: RestWorld;
  before(async () => {
    world = await startRest({ sql: SQL, env: { PGRST_DB_TX_END: "commit-allow-override" } });
  });
  after(() => world?.stop());

  testRest(
    () => world,
    [
      // --- arguments
      {
        feature: "functions.get",
        request: "GET /rpc/add?a=1&b=2",
        status: 200,
        answer: 3,
        answerHeaders: { "content-range": "0-0/*", "content-type": "application/json; charset=utf-8" },
      },
      {
        feature: "functions.head",
        request: "HEAD /rpc/add?a=1&b=2",
        status: 200,
        answer: "",
        answerHeaders: { "content-type": "application/json; charset=utf-8" },
      },
      { feature: "functions.post", request: "POST /rpc/add", body: { a: 1, b: 2 }, status: 200, answer: 3 },
      {
        feature: "functions.post",
        because: "of several objects the first counts",
        request: "POST /rpc/add",
        body: [
          { a: 1, b: 2 },
          { a: 4, b: 6 },
        ],
        status: 200,
        answer: 3,
      },
      {
        feature: "functions.columns",
        request: "POST /rpc/hello?columns=name",
        body: { name: "John", x: 1 },
        status: 200,
        answer: '"Hello, John"',
      },
      {
        feature: "functions.form",
        request: "POST /rpc/add",
        headers: FORM,
        body: "a=1&b=2",
        status: 200,
        answer: 3,
      },
      {
        feature: "functions.csv",
        request: "POST /rpc/add",
        headers: { "content-type": "text/csv" },
        body: "a,b\n1,2",
        status: 200,
        answer: 3,
      },
      { feature: "functions.defaults", request: "GET /rpc/hello", status: 200, answer: '"Hello, you"' },
      {
        feature: "functions.defaults",
        because: "no body is no arguments",
        request: "POST /rpc/hello",
        status: 200,
        answer: '"Hello, you"',
      },
      {
        feature: "functions.variadic",
        request: "GET /rpc/words?v=hi&v=there",
        status: 200,
        answer: ["hi", "there"],
      },
      {
        feature: "functions.variadic",
        because: "in a form too",
        request: "POST /rpc/words",
        headers: FORM,
        body: "v=hi&v=there",
        status: 200,
        answer: ["hi", "there"],
      },
      {
        feature: "functions.variadic",
        because: "in JSON an array",
        request: "POST /rpc/words",
        body: { v: ["hi"] },
        status: 200,
        answer: ["hi"],
      },
      {
        feature: "functions.repeated",
        request: "GET /rpc/hello?name=ignored&name=world",
        status: 200,
        answer: '"Hello, world"',
      },
      {
        feature: "functions.unnamed-json",
        request: "POST /rpc/whole",
        body: { A: 1 },
        status: 200,
        answer: { A: 1 },
      },
      {
        feature: "functions.unnamed-text",
        request: "POST /rpc/plain",
        headers: { "content-type": "text/plain", accept: "text/plain" },
        body: "as ít is",
        status: 200,
        answer: "as ít is",
        answerHeaders: { "content-type": "text/plain; charset=utf-8" },
      },
      {
        feature: "functions.unnamed-xml",
        request: "POST /rpc/xml_text",
        headers: { "content-type": "text/xml" },
        body: "<a>ñ</a>",
        status: 200,
        answer: '"<a>ñ</a>"',
      },
      // --- which function
      { feature: "functions.overloads", request: "GET /rpc/overloaded", status: 200, answer: 0 },
      { feature: "functions.overloads", request: "GET /rpc/overloaded?a=1&b=2", status: 200, answer: 3 },
      {
        feature: "functions.not-found",
        request: "GET /rpc/hell",
        status: 404,
        answer: notFound(
          "Could not find the function api.hell without parameters in the schema cache",
          "Searched for the function api.hell without parameters, but no matches were found in the schema cache.",
          "Perhaps you meant to call the function api.hello",
        ),
      },
      {
        feature: "functions.not-found",
        request: "GET /rpc/add?a=1&b=2&c=3",
        status: 404,
        answer: notFound(
          "Could not find the function api.add(a, b, c) in the schema cache",
          "Searched for the function api.add with parameters a, b, c, but no matches were found in the schema cache.",
          "Perhaps you meant to call the function api.add(a, b)",
        ),
      },
      {
        feature: "functions.not-found",
        because: "no function of the server itself",
        request: "GET /rpc/pg_sleep?seconds=1",
        status: 404,
      },
      {
        feature: "functions.ambiguous",
        request: "GET /rpc/same?arg=1",
        status: 300,
        answer: {
          code: "PGRST203",
          message:
            "Could not choose the best candidate function between: api.same(arg => integer), api.same(arg => xml)",
          details: null,
          hint: "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
        },
      },
      {
        feature: "functions.methods",
        request: "DELETE /rpc/add",
        status: 405,
        answer: {
          code: "PGRST101",
          message: "Cannot use the DELETE method on RPC",
          details: null,
          hint: null,
        },
      },
      {
        feature: "functions.methods",
        because: "arguments of POST are in the body",
        request: "POST /rpc/hello?name=John",
        body: {},
        status: 400,
      },
      // --- results
      {
        feature: "functions.void",
        request: "POST /rpc/nothing",
        status: 204,
        answer: "",
        answerHeaders: { "content-type": null, "content-length": null },
      },
      {
        feature: "functions.scalar",
        because: "NULL is null",
        request: "POST /rpc/null_int",
        status: 200,
        answer: "null",
      },
      {
        feature: "functions.set-of-scalar",
        request: "GET /rpc/numbers?limit=2&offset=1",
        headers: { prefer: "count=exact" },
        status: 206,
        answer: [2, 3],
        answerHeaders: { "content-range": "1-2/3" },
      },
      {
        feature: "functions.set-of-scalar",
        because: "by the Range header",
        request: "GET /rpc/numbers",
        headers: { range: "0-0" },
        status: 200,
        answer: [1],
        answerHeaders: { "content-range": "0-0/*" },
      },
      {
        feature: "functions.set-of-scalar",
        because: "behind the last one there is nothing",
        request: "GET /rpc/numbers?offset=9",
        headers: { prefer: "count=exact" },
        status: 416,
      },
      { feature: "functions.composite", request: "GET /rpc/origin", status: 200, answer: { x: 1, y: 2 } },
      { feature: "functions.row", request: "GET /rpc/film?id=3", status: 200, answer: ran },
      {
        feature: "functions.rows",
        request: "GET /rpc/films_of?director=2&order=id&select=id",
        status: 200,
        answer: [{ id: 2 }, { id: 3 }],
      },
      {
        feature: "functions.out-parameters",
        request: "GET /rpc/one_out?num=5",
        status: 200,
        answer: { more: 6 },
      },
      {
        feature: "functions.table",
        request: "GET /rpc/a_table?v=is.null",
        status: 200,
        answer: [{ a: "y", v: null }],
      },
      {
        feature: "functions.record",
        request: "GET /rpc/a_record",
        status: 200,
        answer: { id: 1, title: "Cléo" },
      },
      {
        feature: "functions.csv-result",
        request: "GET /rpc/a_table",
        headers: { accept: "text/csv" },
        status: 200,
        answer: "a,v\nx,1\ny,",
      },
      {
        feature: "functions.singular",
        request: "POST /rpc/films_of",
        headers: { accept: OBJECT },
        body: { director: 1 },
        status: 200,
        answer: { id: 1, title: "Cléo", year: 1962, director_id: 1 },
      },
      {
        feature: "functions.singular",
        because: "a scalar is one",
        request: "GET /rpc/add?a=1&b=2",
        headers: { accept: OBJECT },
        status: 200,
        answer: 3,
      },
      // --- reads on top
      {
        feature: "functions.filter",
        request: "GET /rpc/films_of?director=2&year=gt.1960&select=title,directors(name)",
        status: 200,
        answer: [{ title: "Ran", directors: { name: "Kurosawa" } }],
      },
      {
        feature: "functions.filter",
        because: "with the arguments in the body",
        request: "POST /rpc/films_of?title=like.R*&select=title",
        body: { director: 2 },
        status: 200,
        answer: [{ title: "Ran" }],
      },
      {
        feature: "functions.filter",
        because: "of the same name as an argument",
        request: "GET /rpc/film?id=3&id=eq.3&select=id",
        status: 200,
        answer: { id: 3 },
      },
      {
        feature: "functions.count",
        request: "GET /rpc/films_of?director=2&limit=1&order=id&select=id",
        headers: { prefer: "count=exact" },
        status: 206,
        answer: [{ id: 2 }],
        answerHeaders: { "content-range": "0-0/2" },
      },
      // --- transactions
      {
        feature: "functions.read-only",
        because: "GET changes nothing",
        request: "GET /rpc/rename?film=1&title=x",
        status: 405,
        answer: {
          code: "25006",
          message: "cannot execute UPDATE in a read-only transaction",
          details: null,
          hint: null,
        },
      },
      {
        feature: "functions.read-only",
        because: "nor does a function that says so",
        request: "POST /rpc/sneaky",
        status: 400,
      },
      {
        feature: "functions.volatile",
        request: "POST /rpc/rename",
        headers: { prefer: "tx=rollback" },
        body: { film: 3, title: "x" },
        status: 200,
        answer: [{ ...ran, title: "x" }],
        answerHeaders: { "preference-applied": "tx=rollback" },
      },
      {
        feature: "functions.singular-rollback",
        request: "POST /rpc/rename",
        headers: { accept: OBJECT },
        body: { film: 2, title: "x" },
        status: 406,
      },
      {
        feature: "functions.max-affected",
        request: "POST /rpc/rename",
        headers: { prefer: "handling=strict, max-affected=1" },
        body: { film: 2, title: "x" },
        status: 400,
        answer: {
          code: "PGRST124",
          message: "Query result exceeds max-affected preference constraint",
          details: "The query affects 2 rows",
          hint: null,
        },
      },
      {
        feature: "functions.max-affected",
        because: "of a function that returns a set",
        request: "POST /rpc/nothing",
        headers: { prefer: "handling=strict, max-affected=1" },
        status: 400,
        answer: {
          code: "PGRST128",
          message:
            "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
          details: null,
          hint: null,
        },
      },
      {
        feature: "functions.singular-rollback",
        because: "nothing of all that was changed",
        request: "GET /films?title=eq.x",
        status: 200,
        answer: [],
      },
      { feature: "functions.isolation", request: "POST /rpc/level", status: 200, answer: '"serializable"' },
      { feature: "functions.hoisted-settings", request: "POST /rpc/timeout", status: 200, answer: '"7s"' },
      // --- what functions say
      {
        feature: "functions.response-settings",
        request: "POST /rpc/teapot",
        status: 418,
        answer: { tea: true },
        answerHeaders: { "x-tea": "green" },
      },
      {
        feature: "functions.response-settings",
        because: "a status is a number",
        request: "POST /rpc/bad_status",
        status: 500,
        answer: {
          code: "PGRST112",
          message: "response.status guc must be a valid status code",
          details: null,
          hint: null,
        },
      },
      {
        feature: "functions.raise-pt",
        request: "POST /rpc/raise_pt",
        status: 402,
        answer: {
          code: "PT402",
          message: "Payment Required",
          details: "Quota exceeded",
          hint: "Upgrade your plan",
        },
      },
      {
        feature: "functions.raise",
        request: "POST /rpc/raise_plain",
        status: 400,
        answer: { code: "P0001", message: "I refuse!", details: "simple", hint: null },
      },
      {
        feature: "functions.raise-pgrst",
        request: "POST /rpc/raise_pgrst",
        status: 432,
        answer: { code: "123", message: "ABC", details: "DEF", hint: "XYZ" },
        answerHeaders: { "x-powered-by": "Nerd Rage" },
      },
      {
        feature: "functions.raise-pgrst",
        because: "that is no JSON",
        request: "POST /rpc/raise_bad",
        status: 500,
        answer: {
          code: "PGRST121",
          message: `Could not parse JSON in the "RAISE SQLSTATE 'PGRST'" error`,
          details: "Invalid JSON value for MESSAGE: 'INVALID'",
          hint: "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
        },
      },
      // --- rights
      { feature: "functions.rights", request: "POST /rpc/who", status: 200, answer: '"anon"' },
      {
        feature: "functions.rights",
        because: "as the role of the token",
        as: "web",
        request: "POST /rpc/who",
        status: 200,
        answer: '"web"',
      },
      {
        feature: "functions.rights",
        because: "who may not call it may not",
        as: "web",
        request: "POST /rpc/secret",
        status: 403,
      },
    ],
  );

  testFeature({ feature: "functions.unnamed-bytes" }, "bytes go in and come back as they are", async () => {
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const type = "application/octet-stream";
    const answer = await world.ask("POST /rpc/bytes", {
      headers: { "content-type": type, accept: type },
      body,
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers["content-type"], type);
    assert.deepEqual(answer.body, body);
  });
});
