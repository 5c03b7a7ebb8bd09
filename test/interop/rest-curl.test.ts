/** curl, as somebody uses it who reads PostgREST's documentation for the first time. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import type { RestWorld } from "../support/rest.ts";
import { startLibrary } from "./rest/library.ts";

const HERE = spawnSync("curl", ["--version"]).status === 0;
const PATIENCE_MS = 120_000;

interface Line {
  readonly does: string;
  /** What is typed behind `curl -s`; $API is the door, $AUTH the header with a token, $DIR a directory with files. */
  readonly curl: string;
  /** All that curl prints. */
  readonly prints: string | RegExp;
}

const STATUS = "-o /dev/null -w '%{http_code}'";
/** More than curl sends without asking first (Expect: 100-continue). */
const MANY = 50_000;

const lines: readonly Line[] = [
  {
    does: "reads a table",
    curl: '"$API/studios?order=id" -H "$AUTH"',
    prints: '[{"id":1,"name":"Toho"}, \n {"id":2,"name":"Ciné-Tamaris"}]',
  },
  {
    does: "filters by what --data-urlencode puts into the query",
    curl: `-G "$API/films" -H "$AUTH" --data-urlencode 'title=like.Cléo *' --data-urlencode 'select=id,directors(name)'`,
    prints: '[{"id":1,"directors":{"name":"Agnès Varda"}}]',
  },
  {
    does: "reads a range of rows",
    curl: `-i "$API/films?select=id&order=id" -H "$AUTH" -H 'Range-Unit: items' -H 'Range: 0-1' -H 'Prefer: count=exact'`,
    prints: /^HTTP\/1\.1 206 Partial Content\r\n(.*\r\n)*Content-Range: 0-1\/6\r\n/,
  },
  {
    does: "asks for the head alone",
    curl: '-I "$API/films" -H "$AUTH"',
    prints: /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Content-Range: 0-5\/\*\r\n(.*\r\n)*\r\n$/,
  },
  {
    does: "reads CSV",
    curl: `"$API/studios?order=id&select=id" -H "$AUTH" -H 'Accept: text/csv'`,
    prints: "id\n1\n2",
  },
  {
    does: "is told that a token is needed",
    curl: `${STATUS} "$API/films"`,
    prints: "401",
  },
  {
    does: "is told in JSON what is wrong with the query",
    curl: '"$API/films?year=over.1960" -H "$AUTH"',
    prints: /^\{"code":"PGRST100",.*\}$/,
  },
  {
    does: "inserts JSON and reads it back",
    curl: `"$API/notes" -H "$AUTH" -H 'Content-Type: application/json' -H 'Prefer: return=representation' -d '{"id":50,"body":"by curl"}'`,
    prints: '[{"id":50,"body":"by curl","stars":3,"author":"web"}]',
  },
  {
    does: "inserts what -d sends as a form, when it is one",
    curl: `${STATUS} "$API/notes" -H "$AUTH" -d 'id=51&body=by+form'`,
    prints: "201",
  },
  {
    does: "inserts a file of CSV that is large enough for curl to ask first",
    curl: `${STATUS} "$API/notes?columns=id,body" -H "$AUTH" -H 'Content-Type: text/csv' --data-binary @"$DIR/many.csv"`,
    prints: "201",
  },
  {
    does: "inserts from a pipe, whose length nobody knows before",
    curl: `-X POST -T - ${STATUS} "$API/notes" -H "$AUTH" -H 'Content-Type: application/json' < "$DIR/one.json"`,
    prints: "201",
  },
  {
    does: "updates",
    curl: `-X PATCH "$API/notes?id=eq.50&select=stars" -H "$AUTH" -H 'Content-Type: application/json' -H 'Prefer: return=representation' -d '{"stars":1}'`,
    prints: '[{"stars":1}]',
  },
  { does: "deletes", curl: `-X DELETE ${STATUS} "$API/notes?id=in.(50,51,52)" -H "$AUTH"`, prints: "204" },
  {
    does: "calls a function by POST",
    curl: `"$API/rpc/add" -H 'Content-Type: application/json' -d '{"a":1,"b":2}'`,
    prints: "3",
  },
  { does: "calls a function by GET", curl: '"$API/rpc/add?a=1&b=2"', prints: "3" },
  {
    does: "asks for several things over one connection",
    curl: '-w "%{num_connects}\\n" "$API/rpc/add?a=1&b=1" "$API/rpc/add?a=2&b=2"',
    prints: "21\n40\n",
  },
  {
    does: "offers HTTP/2 and goes on with HTTP/1.1",
    curl: '--http2 -w " %{http_version}" "$API/rpc/add?a=1&b=2"',
    prints: "3 1.1",
  },
  { does: "speaks HTTP/1.0", curl: '--http1.0 "$API/rpc/add?a=1&b=2"', prints: "3" },
  {
    does: "asks what it may do",
    curl: '-i -X OPTIONS "$API/films"',
    prints: /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*Allow: OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE\r\n/,
  },
];

describe("curl", { skip: HERE ? false : "skipped: curl not found; on Debian: apt-get install curl" }, () => {
  const directory = mkdtempSync(join(tmpdir(), "postern-curl-"));
  let world: RestWorld;
  before(async () => {
    const rows = Array.from({ length: MANY }, (_, at) => `${1000 + at},note number ${at}`);
    writeFileSync(join(directory, "many.csv"), `id,body\n${rows.join("\n")}\n`);
    writeFileSync(join(directory, "one.json"), JSON.stringify({ id: 52, body: "by a pipe" }));
    world = await startLibrary();
  });
  after(async () => {
    await world.stop();
    rmSync(directory, { recursive: true });
  });

  for (const { does, curl, prints } of lines)
    test(`curl ${does}`, async () => {
      const AUTH = `Authorization: Bearer ${world.token("web")}`;
      const env = { ...process.env, API: world.url, AUTH, DIR: directory };
      const run = promisify(execFile);
      const { stdout } = await run("bash", ["-c", `curl -sS ${curl}`], { env, timeout: PATIENCE_MS });
      if (typeof prints === "string") assert.equal(stdout, prints);
      else assert.match(stdout, prints);
    });

  test("curl has inserted every row of the file", async () => {
    const rows = await world.postgres.query("SELECT count(*)::int AS n FROM api.notes WHERE id >= 1000");
    assert.deepEqual(rows, [{ n: MANY }]);
  });
});
