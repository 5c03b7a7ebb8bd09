/** Row 24: what a hostile client can put into a body, a list of columns or the arguments of a function. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { AskOptions, RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const SQL = `
  CREATE TABLE api.notes (id int PRIMARY KEY, body text, data json);
  INSERT INTO api.notes VALUES (1, 'kept', NULL);
  CREATE SCHEMA vault;
  CREATE TABLE vault.keys (id int); INSERT INTO vault.keys VALUES (1);
  CREATE FUNCTION vault.open() RETURNS int LANGUAGE sql AS 'SELECT 1';
  GRANT USAGE ON SCHEMA vault TO web; GRANT ALL ON vault.keys TO web;
  CREATE FUNCTION api.echo(arg text) RETURNS text LANGUAGE sql AS 'SELECT arg';
  CREATE FUNCTION api.whole(json) RETURNS json LANGUAGE sql AS 'SELECT $1';
`;

const SNIPPETS = [
  `'; DELETE FROM api.notes; --`,
  `"; DELETE FROM api.notes; --`,
  `a") AS x; DELETE FROM api.notes; --`,
  `id int, body text) , vault.keys AS k(`,
  "$1",
  "\\'; DELETE FROM api.notes; --",
  "*",
  "notes.*",
  "ctid",
  "__proto__",
  "constructor",
  "_payload",
];

describe("what is written cannot become anything but values", () => {
  let world: RestWorld;
  before(async () => {
    world = await startRest({ sql: SQL, env: { PGRST_DB_TX_END: "commit-allow-override" } });
  });
  after(() => world?.stop());

  const undo = { prefer: "tx=rollback, return=representation" };
  const ask = (request: string, options: AskOptions = {}) =>
    world.ask(request, { as: "web", ...options, headers: { ...undo, ...options.headers } });
  const kept = async () => {
    const [notes] = await world.postgres.query("SELECT array_agg(body) AS bodies FROM api.notes");
    const [keys] = await world.postgres.query("SELECT count(*)::int AS count FROM vault.keys");
    assert.deepEqual([notes?.["bodies"], keys?.["count"]], [["kept"], 1]);
  };
  const refused = async (request: string, options: AskOptions, statuses: readonly number[] = [400, 404]) => {
    const answer = await ask(request, options);
    assert.ok(statuses.includes(answer.status), `${request}: ${answer.status} ${answer.text}`);
    await kept();
  };

  for (const snippet of SNIPPETS)
    test(`${snippet} is no column, no conflict and no argument`, async () => {
      const quoted = encodeURIComponent(`"${snippet.replace(/["\\]/g, "\\$&")}"`);
      await refused("POST /notes", {
        body: JSON.stringify({ [snippet]: 1 }),
        headers: { "content-type": "application/json" },
      });
      await refused("POST /notes", {
        body: `"${snippet.replaceAll('"', '""')}"\n1`,
        headers: { "content-type": "text/csv" },
      });
      await refused("POST /notes", {
        body: `${encodeURIComponent(snippet)}=1`,
        headers: { "content-type": "application/x-www-form-urlencoded" },
      });
      await refused(`PATCH /notes?columns=${quoted}`, { body: {} });
      await refused(`POST /notes?on_conflict=${quoted}`, {
        body: { id: 2 },
        headers: { prefer: "resolution=merge-duplicates" },
      });
      await refused(`GET /rpc/echo?${quoted}=1`, {});
      await refused("POST /rpc/echo", {
        body: `{${JSON.stringify(snippet)}: 1}`,
        headers: { "content-type": "application/json" },
      });
      await refused(`POST /rpc/${encodeURIComponent(snippet)}`, { body: {} });
      await refused(`DELETE /${encodeURIComponent(snippet)}`, {});
    });

  for (const snippet of SNIPPETS)
    test(`${snippet} is a value like any other`, async () => {
      const written = await ask("POST /notes?select=body", { body: { id: 2, body: snippet } });
      assert.deepEqual(written.json(), [{ body: snippet }]);
      const updated = await ask("PATCH /notes?id=eq.1&select=body", { body: { body: snippet } });
      assert.deepEqual(updated.json(), [{ body: snippet }]);
      const deleted = await ask(`DELETE /notes?body=eq.${encodeURIComponent(snippet)}`);
      assert.deepEqual(deleted.json(), []);
      const called = await ask(`GET /rpc/echo?arg=${encodeURIComponent(snippet)}`);
      assert.equal(called.json(), snippet);
      assert.equal((await ask("POST /rpc/echo", { body: { arg: snippet } })).json(), snippet);
      await kept();
    });

  test("a profile header opens no schema that is not exposed", async () => {
    for (const schema of ["vault", "pg_catalog", "information_schema", "", 'api", "vault']) {
      const headers = { "content-profile": schema, "accept-profile": schema };
      await refused("POST /keys", { body: { id: 2 }, headers }, [406]);
      await refused("DELETE /keys", { headers }, [406]);
      await refused("POST /rpc/open", { headers }, [406]);
      await refused("GET /rpc/open", { headers }, [406]);
    }
    await refused("POST /rpc/vault.open", {});
    await refused("DELETE /vault.keys", {});
  });

  test("JSON nested without end is refused, and another request is served", async () => {
    const nested = "[".repeat(1_000_000);
    const headers = { "content-type": "application/json" };
    await refused("POST /notes", { body: nested, headers });
    await refused("POST /notes", { body: `{"data":${nested}`, headers });
    await refused("POST /rpc/whole", { body: `${nested}${"]".repeat(1_000_000)}`, headers });
    // Nobody looks at it before PostgreSQL, whose parser has a bound of its own ("stack depth limit exceeded").
    await refused("POST /notes?columns=data", { body: nested, headers }, [500]);
  });

  test("a body of very many keys is refused", async () => {
    const body = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, n]));
    await refused("POST /notes", { body });
    await refused("POST /rpc/echo", { body });
  });

  test("characters that text cannot hold are refused", async () => {
    const headers = { "content-type": "application/json" };
    await refused("POST /notes", { body: '{"id":2,"body":"\\u0000"}', headers });
    await refused("POST /rpc/echo", { body: '{"arg":"\\u0000"}', headers });
    await refused("POST /notes", { body: Buffer.from('{"id":2,"body":"\xff"}', "latin1"), headers });
    await refused("GET /rpc/echo?arg=%00", {});
  });

  test("PUT writes no other row than the one that its URL names", async () => {
    for (const body of [
      { id: 2, body: "x" },
      [{ id: 2 }, { id: 1 }],
      {},
      [],
      { id: null },
      { id: "1 OR 1=1" },
    ])
      await refused("PUT /notes?id=eq.1", { body });
  });
});
