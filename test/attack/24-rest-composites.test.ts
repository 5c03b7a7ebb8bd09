/** Row 24, on what functions return: `value.name` is a column or nothing, although PostgreSQL would call a function. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

let world: RestWorld;
before(async () => {
  world = await startRest({
    sql: `
      CREATE SCHEMA private;
      CREATE TABLE private.secrets AS SELECT 'open sesame'::text AS word;
      CREATE TYPE api.pair AS (a int, b text);
      CREATE DOMAIN api.good_pair AS api.pair CHECK ((VALUE).a > 0);
      CREATE FUNCTION api.a_pair() RETURNS api.pair STABLE LANGUAGE sql AS $$ SELECT 1, 'x' $$;
      CREATE FUNCTION api.pairs() RETURNS SETOF api.pair STABLE LANGUAGE sql AS $$ SELECT 1, 'x' $$;
      CREATE FUNCTION api.good() RETURNS SETOF api.good_pair STABLE LANGUAGE sql
        AS $$ SELECT ROW(1, 'x')::api.good_pair $$;
      CREATE FUNCTION api.a_record() RETURNS record STABLE LANGUAGE sql AS $$ SELECT 1, 'x' $$;
      CREATE FUNCTION public.leak(api.pair) RETURNS text SECURITY DEFINER LANGUAGE sql
        AS $$ SELECT word FROM private.secrets $$;
      CREATE FUNCTION public.leak_any(anyelement) RETURNS text SECURITY DEFINER LANGUAGE sql
        AS $$ SELECT word FROM private.secrets $$;
    `,
    env: { PGRST_DB_EXTRA_SEARCH_PATH: "public" },
  });
});
after(() => world?.stop());

for (const call of ["a_pair", "pairs", "good", "a_record"])
  test(`what ${call} returns has no columns but its own`, async () => {
    for (const name of ["leak", "leak_any", "row_to_json", "pg_typeof"])
      for (const query of [`select=${name}`, `${name}=neq.x`, `order=${name}`, `select=x:${name}->a`]) {
        const answer = await world.ask(`GET /rpc/${call}?${query}`);
        assert.equal(answer.status, 400, `${query}: ${answer.text}`);
        assert.equal((answer.json() as { code: string }).code, "42703", answer.text);
      }
  });

test("a composite value's own columns can be chosen, filtered and sorted by", async () => {
  assert.deepEqual((await world.ask("GET /rpc/a_pair?select=b")).json(), { b: "x" });
  assert.deepEqual((await world.ask("GET /rpc/pairs?select=a&b=eq.x&order=a")).json(), [{ a: 1 }]);
  assert.deepEqual((await world.ask("GET /rpc/pairs")).json(), [{ a: 1, b: "x" }]);
  assert.deepEqual((await world.ask("GET /rpc/good?select=b")).json(), [{ b: "x" }]);
  const csv = await world.ask("GET /rpc/pairs", { headers: { accept: "text/csv" } });
  assert.equal(csv.text, "a,b\n1,x");
});
