import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { poolsOf, textOf } from "../../../support/pool.ts";
import { startPostgres, type TestPostgres } from "../../../support/postgres.ts";

const SQL = `
CREATE ROLE authenticator LOGIN NOINHERIT; CREATE ROLE web; CREATE ROLE other; CREATE ROLE boss SUPERUSER;
CREATE ROLE bypass BYPASSRLS; CREATE ROLE stranger;
GRANT web, other, boss, bypass TO authenticator;
CREATE TABLE films (id int PRIMARY KEY, title text);
INSERT INTO films SELECT i, 'film ' || i FROM generate_series(1, 100) AS i;
GRANT ALL ON films TO web;
CREATE TABLE log (id serial PRIMARY KEY, said text UNIQUE DEFERRABLE INITIALLY DEFERRED);
GRANT ALL ON log, log_id_seq TO web;
`;

let server: TestPostgres;
before(async () => {
  server = await startPostgres({ hba: ["host all all 127.0.0.1/32 trust"], sql: SQL });
});
after(() => server.stop());
const pool = poolsOf(() => [server.port]);

const WHO = "SELECT current_user, session_user, current_setting('request.path', true)";
const MADE = "INSERT INTO log (said) VALUES ($1) RETURNING said";
const said = (what: string) => server.query(`SELECT said FROM log WHERE said = '${what}'`);

test("a transaction is the admitted role's, with its settings; the next one's are its own", async () => {
  const { ask, pool: made } = pool({ settings: { size: 1 } });
  const settings = [["request.path", "/films"]] as const;
  assert.deepEqual(await ask("web", WHO, { settings }), [["web", "authenticator", "/films"]]);
  assert.deepEqual(await ask("other", WHO), [["other", "authenticator", ""]]);
  const statement = { text: WHO, parameters: [], prepare: true, binary: false };
  assert.deepEqual(textOf(await made.lookUp(statement)), [["authenticator", "authenticator", ""]]);
});

test("values are parameters, and NULL, text and bytes arrive as they were given", async () => {
  const { ask, pool: made, admission } = pool();
  const text = 'it\'s \\ "ü" 🎬 $1';
  assert.deepEqual(
    await ask("web", "SELECT $1::text, $2::text, $3::text", { parameters: [text, null, Buffer.from(text)] }),
    [[text, null, text]],
  );
  const statement = {
    text: "SELECT $1, $2::text, 'x'::text",
    parameters: [Buffer.from([0, 1, 255]), "a"],
    parameterTypes: [17, 25],
    binaryParameters: [0],
    prepare: true,
    binary: true,
  };
  const [result] = await made.run(await admission("web"), {
    readOnly: true,
    settings: [],
    statements: [statement],
    end: "commit",
  });
  assert.deepEqual(result?.rows, [[Buffer.from([0, 1, 255]), Buffer.from("a"), Buffer.from("x")]]);
  assert.equal(result.tag, "SELECT 1");
});

for (const isolation of [undefined, "read committed", "repeatable read", "serializable"] as const)
  for (const decided of [true, false]) {
    const how = `${isolation ?? "the default isolation"}, its end ${decided ? "known" : "decided on its results"}`;
    test(`a write is committed or rolled back as asked, with ${how}`, async () => {
      const { ask } = pool();
      for (const end of ["commit", "rollback"] as const) {
        const what = `${end} ${how}`;
        const seen: unknown[] = [];
        const rows = await ask("web", MADE, {
          readOnly: false,
          ...(isolation === undefined ? {} : { isolation }),
          parameters: [what],
          end: decided
            ? end
            : (results) => {
                seen.push(...results.map(textOf));
                return end;
              },
        });
        assert.deepEqual(rows, [[what]]);
        assert.deepEqual(seen, decided ? [] : [[[what]]]);
        assert.deepEqual(await said(what), end === "commit" ? [{ said: what }] : []);
      }
      const level = await ask(
        "web",
        "SHOW transaction_isolation",
        isolation === undefined ? {} : { isolation },
      );
      assert.deepEqual(level, [[isolation ?? "read committed"]]);
    });
  }

test("several statements are one transaction: an error in the last undoes the first", async () => {
  const { pool: made, admission, ask } = pool({ settings: { size: 1 } });
  const statements = [
    { text: MADE, parameters: ["half"], prepare: true, binary: false },
    { text: "SELECT 1 / $1::int", parameters: ["0"], prepare: true, binary: false },
  ];
  const running = made.run(await admission("web"), {
    readOnly: false,
    settings: [],
    statements,
    end: "commit",
  });
  await assert.rejects(running, { name: "PoolServerError", sqlstate: "22012" });
  assert.deepEqual(await said("half"), []);
  assert.deepEqual(await ask("other", WHO), [["other", "authenticator", null]]);
});

test("a deferred constraint that does not hold is the transaction's error, whatever its end", async () => {
  const { ask } = pool();
  for (const end of ["commit", "rollback"] as const) {
    const text = "INSERT INTO log (said) VALUES ('twice'), ('twice')";
    await assert.rejects(ask("web", text, { readOnly: false, end }), { sqlstate: "23505" });
  }
});

test("a read-only transaction cannot write, and no function can make it", async () => {
  await server.query(`CREATE OR REPLACE FUNCTION unlock() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('transaction_read_only', 'off', true); INSERT INTO log (said) VALUES ('written'); END $$`);
  const { ask } = pool({ settings: { size: 1 } });
  await assert.rejects(ask("web", MADE, { parameters: ["written"] }), { sqlstate: "25006" });
  for (const text of ["SELECT unlock()", "SELECT set_config('transaction_read_only', 'off', false)"])
    for (const isolation of [{}, { isolation: "serializable" } as const])
      await assert.rejects(ask("web", text, isolation), { sqlstate: "25001" });
  assert.deepEqual(await said("written"), []);
});

test("what a role may not do is the server's refusal, in its own words", async () => {
  const { ask } = pool();
  await assert.rejects(ask("other", "SELECT * FROM films"), (error) => {
    assert.ok(error instanceof Error && "fields" in error && error.fields instanceof Map);
    assert.equal(error.fields.get("C"), "42501");
    assert.equal(error.fields.get("M"), "permission denied for table films");
    return true;
  });
  await assert.rejects(ask("stranger", "SELECT 1"), { sqlstate: "42501" });
  await assert.rejects(ask("nobody", "SELECT 1"), { sqlstate: "22023" });
});

test("roles with rights that no policy gave are refused, as at the wire door", async () => {
  const { ask } = pool();
  for (const role of ["boss", "bypass"])
    await assert.rejects(ask(role, "SELECT 1"), { code: "upstream/privileged-role" });
  const trusting = pool({ cluster: { privilegedRoles: ["boss"] } });
  assert.deepEqual(await trusting.ask("boss", "SELECT current_user"), [["boss"]]);
});

test("nobody but the pool sets the role, and what cannot be sent costs no connection", async () => {
  const { ask } = pool({ settings: { size: 1 } });
  for (const name of ["role", "Session_Authorization"])
    await assert.rejects(ask("web", "SELECT 1", { settings: [[name, "boss"]] }), TypeError);
  const parameters = Array.from({ length: 65_536 }, () => "1");
  await assert.rejects(ask("web", "SELECT 1", { parameters }), RangeError);
  await assert.rejects(ask("web", "SELECT '\0'"), TypeError);
  assert.deepEqual(await ask("web", WHO), [["web", "authenticator", null]]);
});

test("no name leads back to the role that logged in", async () => {
  const { ask } = pool({ cluster: { privilegedRoles: "any" } });
  await assert.rejects(ask("none", "SELECT 1"), {
    sqlstate: "22023",
    message: '22023: role "none" does not exist',
  });
  for (const role of ["NONE", '"none"', "none ", "default", "public", "current_user", "session_user"])
    await assert.rejects(ask(role, "SELECT 1"), { sqlstate: "22023" });
});

test("a statement timeout among the settings is respected", async () => {
  const { ask } = pool({ settings: { size: 1 } });
  const settings = [["statement_timeout", "20ms"]] as const;
  await assert.rejects(ask("web", "SELECT pg_sleep(60)", { settings }), { sqlstate: "57014" });
  assert.deepEqual(await ask("web", "SHOW statement_timeout"), [["0"]]);
});
