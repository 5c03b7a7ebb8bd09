/** Row 24 of the attacks, on reads: text of the client stays a value, a name stays a name, and all is bounded. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { testFeature } from "../support/feature.ts";
import { type Answer, type RestWorld, startRest } from "../support/rest.ts";
import { FILMS } from "../support/rest-films.ts";

/** What a break-in would reach: a table and a function that are not exposed. */
const HIDDEN = `
  CREATE SCHEMA private;
  CREATE TABLE private.secrets (id int, word text);
  INSERT INTO private.secrets VALUES (1, 'open sesame');
  CREATE FUNCTION public.leak(api.films) RETURNS text SECURITY DEFINER LANGUAGE sql
    AS $$ SELECT word FROM private.secrets $$;
  CREATE FUNCTION public.leak_any(anyelement) RETURNS text SECURITY DEFINER LANGUAGE sql
    AS $$ SELECT word FROM private.secrets $$;
  GRANT SELECT ON ALL TABLES IN SCHEMA api TO anon;
`;

let world: RestWorld;
before(async () => {
  world = await startRest({ sql: FILMS + HIDDEN, env: { PGRST_DB_EXTRA_SEARCH_PATH: "" } });
});
after(() => world.stop());

const SYNTAX_ERROR = "42601"; // what half a break-in gives

/** The error's code, when the answer is one. */
const codeOf = (answer: Answer): unknown => Object(answer.json()).code;

const PAYLOADS = [
  `"; DROP TABLE api.films; --`,
  `'; DROP TABLE api.films; --`,
  `') UNION SELECT word FROM private.secrets --`,
  `" FROM private.secrets --`,
  `\\'; SELECT word FROM private.secrets; --`,
  `$1`,
  `$$; SELECT 1; $$`,
  `x" , (SELECT word FROM private.secrets) AS "y`,
  `\u0000`,
  `a\u0000"b`,
  `ʺ＂'’`,
];

/** Every place of a read's request that text of the client gets into. */
const PLACES: Readonly<Record<string, (text: string) => string>> = {
  "a table": (text) => `/${text}`,
  "a column": (text) => `/films?select=${text}`,
  "a quoted column": (text) => `/films?select=%22${text}%22`,
  "an alias": (text) => `/films?select=%22${text}%22:id&limit=1`,
  "a cast": (text) => `/films?select=id::${text}`,
  "a JSON key": (text) => `/films?select=details->>%22${text}%22&limit=1`,
  "a JSON key in a filter": (text) => `/films?select=id&details->>%22${text}%22=eq.1`,
  "a filter's column": (text) => `/films?${text}=eq.1`,
  "an operator": (text) => `/films?id=${text}.1`,
  "a value": (text) => `/films?title=eq.${text}`,
  "a list": (text) => `/films?title=in.(${text})`,
  "a quoted list": (text) => `/films?title=in.(%22${text}%22)`,
  "a list for any": (text) => `/films?title=eq(any).${text}`,
  "a language": (text) => `/films?title=fts(${text}).a`,
  "a word to search": (text) => `/films?title=plfts.${text}`,
  "a pattern": (text) => `/films?title=match.${text}`,
  "a logic tree": (text) => `/films?or=(title.eq.%22${text}%22,id.eq.0)`,
  "an order": (text) => `/films?order=${text}`,
  "an order of a path": (text) => `/films?order=details->>%22${text}%22&limit=1`,
  "an embed": (text) => `/films?select=${text}(id)`,
  "a hint": (text) => `/films?select=directors!${text}(id)`,
  "an embed's alias": (text) => `/films?select=%22${text}%22:directors(id)&limit=1`,
  "a path to an embed": (text) => `/films?${text}.id=eq.1`,
  "a limit": (text) => `/films?limit=${text}`,
};

for (const [place, target] of Object.entries(PLACES))
  test(`no text in place of ${place} becomes SQL`, async () => {
    for (const payload of PAYLOADS) {
      const answer = await world.ask(`GET ${target(encodeURIComponent(payload))}`);
      const context = `${payload}: ${answer.status} ${answer.text}`;
      assert.ok(answer.status < 500, context);
      assert.doesNotMatch(answer.text, /open sesame/, context);
      assert.notEqual(codeOf(answer), SYNTAX_ERROR, context);
    }
    assert.equal((await world.ask("GET /films?select=id")).status, 200);
  });

for (const name of ["leak", "leak_any", "row_to_json", "pg_sleep", "version"])
  test(`a function that takes a row is no column because it is there: ${name}`, async () => {
    for (const target of [`/films?select=${name}`, `/films?${name}=eq.x`, `/films?order=${name}`]) {
      const answer = await world.ask(`GET ${target}`);
      assert.equal(answer.status, 400, answer.text);
      assert.equal(codeOf(answer), "42703");
    }
  });

test("what is not exposed is not there, whichever way it is named", async () => {
  for (const name of [
    "secrets",
    "private.secrets",
    "pg_authid",
    "pg_catalog.pg_authid",
    "%22private%22.%22secrets%22",
  ]) {
    const answer = await world.ask(`GET /${name}`);
    assert.equal(answer.status, 404, answer.text);
    assert.doesNotMatch(answer.text, /open sesame/);
  }
});

test("a cast to a type that reads the catalog shows no more than the role may see", async () => {
  const answer = await world.ask("GET /films?select=id::regclass&limit=1");
  assert.ok(answer.status < 500, answer.text);
});

testFeature({ feature: "filter.bounds" }, "more conditions than anybody needs are refused", async () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => `id.eq.${n}`).join(",");
  const answer = await world.ask(`GET /films?or=(${many(1001)})`);
  assert.equal(answer.status, 400, answer.text);
  assert.equal(codeOf(answer), "PGRST100");
  assert.equal((await world.ask(`GET /films?select=id&or=(${many(200)})`)).status, 200);
});

test("a list of many values is one parameter", async () => {
  const list = Array.from({ length: 2000 }, (_, n) => n).join(",");
  const answer = await world.ask(`GET /films?select=id&id=in.(${list})`);
  assert.equal(answer.status, 200, answer.text);
});

test("embeds as deep and as many as are allowed are answered in time", async () => {
  const deep = `GET /films?select=id${",directors(films(id".repeat(15)}${"))".repeat(15)}&id=eq.1`;
  assert.equal((await world.ask(deep)).status, 200);
  const wide = Array.from({ length: 64 }, (_, n) => `d${n}:directors(id)`).join(",");
  assert.equal((await world.ask(`GET /films?select=${wide}`)).status, 200);
});
