import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { TestPostgres } from "../../../../support/postgres.ts";
import { startPostgres } from "../../../../support/postgres.ts";
import type { Sent } from "../../../../support/rest-writes.ts";
import { Writer } from "../../../../support/rest-writes.ts";

const SQL = `
  CREATE SCHEMA api;
  SET search_path TO api, public;
  CREATE TABLE directors (id int PRIMARY KEY, name text NOT NULL);
  INSERT INTO directors VALUES (1, 'Varda'), (2, 'Kurosawa');
  CREATE TABLE films (id int PRIMARY KEY, title text, year int, director_id int REFERENCES directors (id));
  INSERT INTO films VALUES (1, 'Cléo', 1962, 1), (2, 'Ikiru', 1952, 2), (3, 'Ran', 1985, 2);
  CREATE FUNCTION decade(films) RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT ($1.year / 10 * 10)::text || 's' $$;
  CREATE TYPE spot AS (x int, y int);
  CREATE TYPE mood AS ENUM ('calm', 'wild');
  CREATE DOMAIN some_film AS films;
  CREATE SEQUENCE calls;

  CREATE FUNCTION add(a int, b int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT a + b';
  CREATE FUNCTION hello(name text DEFAULT 'you') RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'Hello, ' || name $$;
  CREATE FUNCTION nothing() RETURNS void LANGUAGE sql AS $$ SELECT nextval('api.calls') $$;
  CREATE FUNCTION quiet() RETURNS void STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE 'PT402'; END $$;
  CREATE FUNCTION null_int() RETURNS int LANGUAGE sql AS 'SELECT NULL::int';
  CREATE FUNCTION numbers() RETURNS SETOF int LANGUAGE sql AS 'VALUES (1), (2), (3)';
  CREATE FUNCTION list() RETURNS int[] LANGUAGE sql AS 'SELECT ARRAY[1,2,3]';
  CREATE FUNCTION object() RETURNS json LANGUAGE sql AS $$ SELECT '{"a": null, "b": 1}'::json $$;
  CREATE FUNCTION feeling(m mood) RETURNS mood LANGUAGE sql AS 'SELECT m';
  CREATE FUNCTION origin() RETURNS spot LANGUAGE sql AS 'SELECT (1, 2)::api.spot';
  CREATE FUNCTION films_of(director int) RETURNS SETOF films STABLE LANGUAGE sql
    AS 'SELECT * FROM api.films WHERE director_id = director';
  CREATE FUNCTION film(id int) RETURNS films STABLE LANGUAGE sql AS 'SELECT * FROM api.films f WHERE f.id = film.id';
  CREATE FUNCTION film_of_domain(id int) RETURNS some_film STABLE LANGUAGE sql
    AS 'SELECT f::api.some_film FROM api.films f WHERE f.id = film_of_domain.id';
  CREATE FUNCTION counted() RETURNS SETOF films VOLATILE LANGUAGE sql
    AS $$ SELECT nextval('api.calls'); SELECT * FROM api.films $$;
  CREATE FUNCTION one_out(num int, OUT more int) LANGUAGE sql AS 'SELECT num + 1';
  CREATE FUNCTION two_out(OUT a int, INOUT b text) LANGUAGE sql AS 'SELECT 1, b';
  CREATE FUNCTION a_table() RETURNS TABLE (a_table text, v int) LANGUAGE sql AS $$ VALUES ('x', 1), ('y', NULL) $$;
  CREATE FUNCTION one_column() RETURNS TABLE (a text) LANGUAGE sql AS $$ VALUES ('x') $$;
  CREATE FUNCTION a_record() RETURNS record LANGUAGE sql AS 'SELECT id, title FROM api.films WHERE id = 1';
  CREATE FUNCTION records() RETURNS SETOF record LANGUAGE sql AS 'SELECT id, title FROM api.films WHERE id < 3';
  CREATE FUNCTION words(VARIADIC v text[] DEFAULT '{}') RETURNS text[] LANGUAGE sql AS 'SELECT v';
  CREATE FUNCTION greet(name text, VARIADIC v text[]) RETURNS text LANGUAGE sql AS $$ SELECT name || cardinality(v) $$;
  CREATE FUNCTION varied(t text, n numeric, b boolean, d date, arr text[], j json, jb jsonb, m mood, p spot)
    RETURNS json LANGUAGE sql AS 'SELECT to_json(varied) FROM (SELECT t, n, b, d, arr, j, jb, m, p) varied';
  CREATE FUNCTION wide(c char(5), f bit(5)) RETURNS text LANGUAGE sql AS $$ SELECT c || '/' || f::text $$;
  CREATE FUNCTION "Odd name"("The arg" text, "SSN" text) RETURNS text LANGUAGE sql AS $$ SELECT "The arg" || "SSN" $$;
  CREATE FUNCTION overloaded() RETURNS int LANGUAGE sql AS 'SELECT 0';
  CREATE FUNCTION overloaded(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b';
  CREATE FUNCTION overloaded(a text, b text, c text) RETURNS text LANGUAGE sql AS 'SELECT a || b || c';
  CREATE FUNCTION same(arg int) RETURNS int LANGUAGE sql AS 'SELECT arg';
  CREATE FUNCTION same(arg xml) RETURNS xml LANGUAGE sql AS 'SELECT arg';
  CREATE FUNCTION whole_json(json) RETURNS json LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION whole_jsonb(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION whole_text(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION whole_xml(xml) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
  CREATE FUNCTION whole_bytes(bytea) RETURNS text LANGUAGE sql AS $$ SELECT encode($1, 'hex') $$;
  CREATE FUNCTION fallback(x int, y int) RETURNS int LANGUAGE sql AS 'SELECT x + y';
  CREATE FUNCTION fallback(json) RETURNS json LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION either(json) RETURNS json LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION either(jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION named_json(data json) RETURNS json LANGUAGE sql AS 'SELECT data';
  CREATE DOMAIN "text/plain" AS text;
  CREATE DOMAIN "application/octet-stream" AS bytea;
  CREATE FUNCTION plain(text) RETURNS "text/plain" LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION bytes(bytea) RETURNS "application/octet-stream" LANGUAGE sql AS 'SELECT $1';
  CREATE FUNCTION said() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('response.status', '418', true); RETURN 1; END $$;
`;

const json = (value: unknown) => JSON.stringify(value);
const type = (name: string) => ({ "Content-Type": name });
const OBJECT = { Accept: "application/vnd.pgrst.object+json" };

describe("calls as SQL", () => {
  let server: TestPostgres;
  let writer: Writer;
  before(async () => {
    server = await startPostgres({ sql: SQL, tls: false });
    writer = await Writer.open(server, "SELECT setval('calls', 1, false)");
  });
  after(async () => {
    await writer.close();
    await server.stop();
  });

  const ikiru = { id: 2, title: "Ikiru", year: 1952, director_id: 2 };
  const ran = { id: 3, title: "Ran", year: 1985, director_id: 2 };
  const varied = {
    t: "x",
    n: 3.1,
    b: true,
    d: "2019-01-01",
    arr: ["a", "b,c"],
    j: { k: [1] },
    jb: [1, "2"],
    m: "wild",
    p: { x: 1, y: 2 },
  };

  interface Row {
    readonly what: string;
    readonly request: string;
    readonly sent?: Sent;
    readonly body?: unknown;
    readonly text?: string;
    readonly pageTotal?: number;
    readonly totalCount?: number | null;
    readonly after?: readonly unknown[];
  }

  const rows: readonly Row[] = [
    // --- arguments
    { what: "arguments are in the query", request: "GET /rpc/add?a=1&b=2", body: 3 },
    { what: "or in a JSON object", request: "POST /rpc/add", sent: { body: json({ a: 1, b: 2 }) }, body: 3 },
    {
      what: "or in a form",
      request: "POST /rpc/add",
      sent: { headers: type("application/x-www-form-urlencoded"), body: "a=1&b=2" },
      body: 3,
    },
    {
      what: "or in CSV",
      request: "POST /rpc/add",
      sent: { headers: type("text/csv"), body: "a,b\n1,2\n3,4" },
      body: 3,
    },
    {
      what: "of several objects the first counts",
      request: "POST /rpc/add",
      sent: {
        body: json([
          { a: 1, b: 2 },
          { a: 4, b: 6 },
        ]),
      },
      body: 3,
    },
    {
      what: "keys beside `columns` do not",
      request: "POST /rpc/hello?columns=name",
      sent: { body: json({ name: "John", x: 1 }) },
      body: "Hello, John",
    },
    { what: "defaults stand for what is not sent", request: "GET /rpc/hello", body: "Hello, you" },
    { what: "no body is no arguments", request: "POST /rpc/hello", body: "Hello, you" },
    {
      what: "of a repeated argument the last counts",
      request: "GET /rpc/hello?name=ignored&name=world",
      body: "Hello, world",
    },
    { what: "variadic ones are repeated", request: "GET /rpc/words?v=hi&v=a,{b", body: ["hi", "a,{b"] },
    { what: "or once", request: "GET /rpc/words?v=hi", body: ["hi"] },
    { what: "or never", request: "GET /rpc/words", body: [] },
    {
      what: "in a form too",
      request: "POST /rpc/words",
      sent: { headers: type("application/x-www-form-urlencoded"), body: "v=hi&v=there" },
      body: ["hi", "there"],
    },
    {
      what: "in JSON they are an array",
      request: "POST /rpc/words",
      sent: { body: json({ v: ["hi", "there"] }) },
      body: ["hi", "there"],
    },
    { what: "other arguments stand beside them", request: "GET /rpc/greet?name=a&v=1&v=2", body: "a2" },
    {
      what: "values are read by the parameters' types",
      request: "POST /rpc/varied",
      sent: { body: json(varied) },
      body: varied,
    },
    {
      what: "from a query as PostgreSQL reads them",
      request:
        'GET /rpc/varied?t=x&n=3.1&b=true&d=20190101&arr={a,"b,c"}&j={"k":[1]}&jb=[1,"2"]&m=wild&p=(1,2)',
      body: varied,
    },
    { what: "no length cuts them", request: "GET /rpc/wide?c=abcdefg&f=101010", body: "abcdefg/101010" },
    {
      what: "in JSON neither",
      request: "POST /rpc/wide",
      sent: { body: json({ c: "abcdefg", f: "101010" }) },
      body: "abcdefg/101010",
    },
    { what: "names are whatever the database has", request: "GET /rpc/Odd name?The arg=a&SSN=b", body: "ab" },
    { what: "names of enum labels too", request: "GET /rpc/feeling?m=wild", body: "wild" },
    // --- overloads
    { what: "the overload without arguments", request: "GET /rpc/overloaded", body: 0 },
    { what: "the overload with two", request: "GET /rpc/overloaded?a=1&b=2", body: 3 },
    {
      what: "the overload with three",
      request: "POST /rpc/overloaded",
      sent: { body: json({ a: 1, b: 2, c: 3 }) },
      body: "123",
    },
    // --- one unnamed argument
    {
      what: "a JSON body can be the argument",
      request: "POST /rpc/whole_json",
      sent: { body: '{"A": 1, "A": 2}' },
      text: '{"A": 1, "A": 2}',
    },
    {
      what: "as jsonb too",
      request: "POST /rpc/whole_jsonb",
      sent: { body: '{"A": 1, "A": 2}' },
      body: { A: 2 },
    },
    { what: "even a scalar", request: "POST /rpc/whole_json", sent: { body: '"x"' }, body: "x" },
    {
      what: "a text can",
      request: "POST /rpc/whole_text",
      sent: { headers: type("text/plain"), body: "some ñ text" },
      body: "some ñ text",
    },
    {
      what: "XML can",
      request: "POST /rpc/whole_xml",
      sent: { headers: type("text/xml"), body: "<a>ñ</a>" },
      body: "<a>ñ</a>",
    },
    {
      what: "bytes can",
      request: "POST /rpc/whole_bytes",
      sent: { headers: type("application/octet-stream"), body: Buffer.from([0, 255, 92]) },
      body: "00ff5c",
    },
    {
      what: "names go before it",
      request: "POST /rpc/fallback",
      sent: { body: json({ x: 1, y: 2 }) },
      body: 3,
    },
    {
      what: "it is what is left",
      request: "POST /rpc/fallback",
      sent: { body: json({ A: 1 }) },
      body: { A: 1 },
    },
    // --- results
    {
      what: "void is no body, but the function is called",
      request: "POST /rpc/nothing",
      text: "",
      pageTotal: 1,
      sent: { afterwards: "SELECT last_value::int, is_called FROM calls" },
      after: [{ last_value: 1, is_called: true }],
    },
    { what: "NULL is null", request: "POST /rpc/null_int", body: null, text: "null" },
    { what: "a set of values is an array", request: "GET /rpc/numbers", body: [1, 2, 3], pageTotal: 3 },
    { what: "and has a range", request: "GET /rpc/numbers?limit=1&offset=1", body: [2] },
    { what: "an array is an array", request: "GET /rpc/list", body: [1, 2, 3] },
    {
      what: "an array is one value, also where an object is wanted",
      request: "GET /rpc/list",
      sent: { headers: OBJECT },
      body: [1, 2, 3],
    },
    { what: "JSON is JSON", request: "GET /rpc/object", body: { a: null, b: 1 } },
    {
      what: "nulls are stripped where that is asked for",
      request: "GET /rpc/object",
      sent: { headers: { Accept: "application/vnd.pgrst.object+json;nulls=stripped" } },
      body: { b: 1 },
    },
    { what: "a composite value is an object", request: "GET /rpc/origin", body: { x: 1, y: 2 } },
    { what: "a row is an object", request: "GET /rpc/film?id=2&select=title", body: { title: "Ikiru" } },
    {
      what: "a row of a domain too",
      request: "GET /rpc/film_of_domain?id=2&select=title,directors(name)",
      body: { title: "Ikiru", directors: { name: "Kurosawa" } },
    },
    { what: "rows are an array", request: "GET /rpc/films_of?director=2&order=id", body: [ikiru, ran] },
    { what: "one OUT parameter is an object", request: "GET /rpc/one_out?num=5", body: { more: 6 } },
    { what: "several are", request: "GET /rpc/two_out?b=x", body: { a: 1, b: "x" } },
    {
      what: "a table is rows",
      request: "GET /rpc/a_table",
      body: [
        { a_table: "x", v: 1 },
        { a_table: "y", v: null },
      ],
    },
    { what: "also of one column", request: "GET /rpc/one_column", body: [{ a: "x" }] },
    { what: "a record is an object", request: "GET /rpc/a_record", body: { id: 1, title: "Cléo" } },
    {
      what: "records are an array",
      request: "GET /rpc/records",
      body: [
        { id: 1, title: "Cléo" },
        { id: 2, title: "Ikiru" },
      ],
    },
    {
      what: "CSV of values has one column",
      request: "GET /rpc/numbers",
      sent: { headers: { Accept: "text/csv" } },
      text: "pgrst_scalar\n1\n2\n3",
    },
    {
      what: "CSV of rows has theirs",
      request: "GET /rpc/a_table",
      sent: { headers: { Accept: "text/csv" } },
      text: "a_table,v\nx,1\ny,",
    },
    {
      what: "text is text",
      request: "POST /rpc/plain",
      sent: { headers: { ...type("text/plain"), Accept: "text/plain" }, body: "as it is" },
      text: "as it is",
    },
    // --- reads on top
    {
      what: "rows are filtered, shaped and ordered",
      request: "GET /rpc/films_of?director=2&year=gt.1900&select=ref:id::text,decade&order=year.desc",
      body: [
        { ref: "3", decade: "1980s" },
        { ref: "2", decade: "1950s" },
      ],
    },
    {
      what: "with the arguments in a body as well",
      request: "POST /rpc/films_of?title=like.R*&select=title,directors(name)",
      sent: { body: json({ director: 2 }) },
      body: [{ title: "Ran", directors: { name: "Kurosawa" } }],
    },
    {
      what: "computed fields are of the rows",
      request: "POST /rpc/films_of?select=decade&decade=eq.1950s",
      sent: { body: json({ director: 2 }) },
      body: [{ decade: "1950s" }],
    },
    {
      what: "columns of a table are filtered",
      request: "GET /rpc/a_table?v=is.null",
      body: [{ a_table: "y", v: null }],
    },
    {
      what: "what has the name of an argument and an operator is a filter",
      request: "GET /rpc/film?id=2&id=eq.2&select=id",
      body: { id: 2 },
    },
    {
      what: "rows are counted beyond the range, with one call",
      request: "POST /rpc/counted?limit=1&order=id&select=id",
      sent: { headers: { Prefer: "count=exact" }, afterwards: "SELECT last_value::int FROM calls" },
      body: [{ id: 1 }],
      totalCount: 3,
      after: [{ last_value: 1 }],
    },
    {
      what: "with computed fields",
      request: "POST /rpc/counted?limit=1&order=id&select=id,decade",
      sent: { headers: { Prefer: "count=exact" } },
      body: [{ id: 1, decade: "1960s" }],
      totalCount: 3,
    },
    {
      what: "one value counts one",
      request: "GET /rpc/add?a=1&b=2",
      sent: { headers: { Prefer: "count=exact" } },
      body: 3,
      totalCount: 1,
    },
    {
      what: "a function is called once",
      request: "POST /rpc/counted",
      sent: { afterwards: "SELECT last_value::int FROM calls" },
      after: [{ last_value: 1 }],
      pageTotal: 3,
    },
    {
      what: "as many rows as are allowed",
      request: "POST /rpc/films_of",
      sent: { headers: { Prefer: "handling=strict, max-affected=2" }, body: json({ director: 2 }) },
      pageTotal: 2,
    },
  ];

  for (const row of rows)
    test(row.what, async () => {
      const called = await writer.send(row.request, row.sent);
      if ("body" in row) assert.deepEqual(called.json, row.body);
      if (row.text !== undefined) assert.equal(called.text, row.text);
      if (row.pageTotal !== undefined) assert.equal(called.pageTotal, row.pageTotal);
      if (row.totalCount !== undefined) assert.equal(called.totalCount, row.totalCount);
      if (row.after !== undefined) assert.deepEqual(called.after, row.after);
    });

  test("bytes come back as they are", async () => {
    const body = Buffer.from([0, 255, 92, 10]);
    const octets = "application/octet-stream";
    const called = await writer.send("POST /rpc/bytes", {
      headers: { ...type(octets), Accept: octets },
      body,
    });
    assert.deepEqual(called.body, body);
  });

  test("a function speaks for the answer", async () => {
    assert.equal((await writer.send("POST /rpc/said")).responseStatus, "418");
  });

  test("what a function raises is raised, also where nothing is wanted of it", async () => {
    await assert.rejects(writer.send("POST /rpc/quiet"), { code: "PT402" });
  });

  test("functions in FROM are inlined: a filter becomes a condition of the table's scan", async () => {
    const { sql } = await writer.send("GET /rpc/films_of?director=2&id=eq.3");
    const plan = await server.query(`EXPLAIN ${sql.replace("$1", "'2'").replace("$2", "'3'")}`);
    const text = plan.map((line) => line["QUERY PLAN"]).join("\n");
    assert.doesNotMatch(text, /Function Scan/);
    assert.match(text, /films/);
  });

  const refused: readonly [request: string, sent: Sent, error: Record<string, unknown>][] = [
    [
      "GET /rpc/hell",
      {},
      {
        code: "PGRST202",
        message: "Could not find the function api.hell without parameters in the schema cache",
        details:
          "Searched for the function api.hell without parameters, but no matches were found in the schema cache.",
        hint: "Perhaps you meant to call the function api.hello",
      },
    ],
    [
      "GET /rpc/hello?nam=Peter",
      {},
      {
        code: "PGRST202",
        message: "Could not find the function api.hello(nam) in the schema cache",
        details:
          "Searched for the function api.hello with parameter nam, but no matches were found in the schema cache.",
        hint: "Perhaps you meant to call the function api.hello(name)",
      },
    ],
    [
      "GET /rpc/add?b=2&a=1&c=blabla",
      {},
      {
        code: "PGRST202",
        message: "Could not find the function api.add(a, b, c) in the schema cache",
        details:
          "Searched for the function api.add with parameters a, b, c, but no matches were found in the schema cache.",
      },
    ],
    [
      "POST /rpc/named_json",
      { body: json({ A: 1, B: 2 }) },
      {
        code: "PGRST202",
        message: "Could not find the function api.named_json(A, B) in the schema cache",
        details:
          "Searched for the function api.named_json with parameters A, B or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.",
      },
    ],
    [
      "POST /rpc/add",
      { headers: type("text/xml"), body: "<a/>" },
      {
        code: "PGRST202",
        message: "Could not find the function api.add in the schema cache",
        details:
          "Searched for the function api.add with a single unnamed xml parameter, but no matches were found in the schema cache.",
        hint: undefined,
      },
    ],
    [
      "GET /rpc/same?arg=1",
      {},
      {
        code: "PGRST203",
        message:
          "Could not choose the best candidate function between: api.same(arg => integer), api.same(arg => xml)",
      },
    ],
    [
      "POST /rpc/either",
      { body: json({ A: 1 }) },
      {
        code: "PGRST203",
        message:
          "Could not choose the best candidate function between: api.either( => json), api.either( => jsonb)",
      },
    ],
    ["POST /rpc/nothing", { headers: { Prefer: "handling=strict, max-affected=5" } }, { code: "PGRST128" }],
    [
      "POST /rpc/films_of",
      { headers: { Prefer: "handling=strict, max-affected=1" }, body: json({ director: 2 }) },
      { code: "PGRST124" },
    ],
    ["GET /rpc/films_of?director=2", { headers: OBJECT }, { code: "PGRST116" }],
    ["POST /rpc/hello?name=John", { body: "{}" }, { code: "PGRST100" }],
    ["GET /rpc/add?a=x&b=1", {}, { code: "22P02" }],
    ["GET /rpc/hello", { headers: { Accept: "audio/mpeg" } }, { code: "PGRST107" }],
    ["POST /rpc/whole_xml", { headers: type("text/xml"), body: "<" }, { code: "2200N" }],
    ["GET /rpc/pg_sleep?seconds=1", {}, { code: "PGRST202" }],
  ];
  for (const [request, sent, error] of refused)
    test(`${request} is refused with ${error["code"]}`, async () => {
      await assert.rejects(writer.send(request, sent), error);
    });
});
