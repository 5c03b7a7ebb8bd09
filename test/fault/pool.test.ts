import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type DebianPair, debianPostgresMissing, startDebianPair } from "../support/debian-postgres.ts";
import { eventually } from "../support/eventually.ts";
import { poolsOf } from "../support/pool.ts";

const SQL = `
CREATE ROLE authenticator LOGIN NOINHERIT; CREATE ROLE web; GRANT web TO authenticator;
CREATE TABLE things (id serial, said text UNIQUE DEFERRABLE INITIALLY DEFERRED);
GRANT ALL ON things, things_id_seq TO web;
`;
const skip = { skip: debianPostgresMissing };
const PORT = "SHOW port";
const SLEEP = "SELECT pg_sleep(60)";

let pair: DebianPair;
before(async () => {
  if (debianPostgresMissing === false) pair = await startDebianPair(SQL);
});
after(() => pair?.stop());
const pool = poolsOf(() => [pair.primary.port, pair.standby.port]);

/** What a request may meet while its server is away, and nothing else. */
const AWAY = new Set([
  "pool/connection-lost",
  "upstream/unreachable",
  "upstream/no-suitable-host",
  "57P01",
  "57P02",
  "57P03",
]);
const isAway = (error: unknown) => {
  const { code, sqlstate } = error as { readonly code?: string; readonly sqlstate?: string };
  assert.ok(AWAY.has(code ?? sqlstate ?? ""), String(error));
  return true;
};

test(
  "writes, deferred constraints and clean-ups work on PostgreSQL 15 and on its standby too",
  skip,
  async () => {
    const { ask } = pool({ cluster: { targetSessionAttrs: "primary" }, settings: { size: 1 } });
    const write = (what: string) =>
      ask("web", "INSERT INTO things (said) VALUES ($1) RETURNING said", {
        readOnly: false,
        parameters: [what],
      });
    assert.deepEqual(await write("a"), [["a"]]);
    await assert.rejects(write("a"), { sqlstate: "23505" });
    assert.deepEqual(await write("b"), [["b"]]);
    const standby = pool({ cluster: { targetSessionAttrs: "standby" }, settings: { size: 1 } });
    assert.deepEqual(await standby.ask("web", PORT), [[String(pair.standby.port)]]);
    await assert.rejects(standby.ask("web", "SELECT 1/0"), { sqlstate: "22012" });
    assert.deepEqual(await standby.ask("web", "SELECT 1", { readOnly: false }), [["1"]]);
    await assert.rejects(standby.ask("web", "DELETE FROM things", { readOnly: false }), {
      sqlstate: "25006",
    });
    assert.deepEqual(await standby.ask("web", "SELECT current_user"), [["web"]]);
  },
);

test("a backend that is killed in mid-query costs its own request, and no other", skip, async () => {
  const { ask } = pool({ cluster: { targetSessionAttrs: "primary" }, settings: { size: 2 } });
  await ask("web", "SELECT 1");
  const killed = assert.rejects(ask("web", SLEEP), { name: "PoolServerError", sqlstate: "57P01" });
  await eventually("it was killed", async () => {
    const [row] = await pair.primary.query(
      `SELECT pg_terminate_backend(pid) AS killed FROM pg_stat_activity WHERE query = '${SLEEP}' AND state = 'active'`,
    );
    return row?.["killed"];
  });
  await killed;
  assert.deepEqual(await ask("web", "SELECT 1"), [["1"]]);
});

test("requests fail while the server is away, at once, and succeed when it is back", skip, async () => {
  const { ask, pool: made } = pool({ cluster: { targetSessionAttrs: "primary" }, settings: { size: 4 } });
  await Promise.all(Array.from({ length: 4 }, () => ask("web", "SELECT pg_sleep(0.01)")));
  assert.equal(made.stats().idle, 4);
  const running = Promise.all([SLEEP, SLEEP].map((sql) => assert.rejects(ask("web", sql), isAway)));
  await eventually("they run", () => made.stats().busy === 2);
  await pair.primary.kill();
  await running;
  for (let n = 0; n < 6; n++) await assert.rejects(ask("web", "SELECT 1"), isAway);
  assert.deepEqual([made.stats().busy, made.stats().idle], [0, 0]);
  await pair.primary.start();
  await eventually("it is back", () => ask("web", "SELECT 1").then(Array.isArray, () => false));
  const rows = await Promise.all(Array.from({ length: 40 }, () => ask("web", PORT)));
  assert.deepEqual(new Set(rows.flat(2)), new Set([String(pair.primary.port)]));
});

test(
  "a pool of a standby lets go of it when it is promoted, and a pool of the primary finds it",
  skip,
  async () => {
    const reading = pool({ cluster: { targetSessionAttrs: "standby" }, settings: { size: 2 } });
    const writing = pool({ cluster: { targetSessionAttrs: "primary" }, settings: { size: 2 } });
    const write = () =>
      writing.ask("web", "INSERT INTO things DEFAULT VALUES RETURNING current_setting('port')", {
        readOnly: false,
      });
    assert.deepEqual(await reading.ask("web", PORT), [[String(pair.standby.port)]]);
    assert.deepEqual(await write(), [[String(pair.primary.port)]]);
    let going = true;
    let answered: string[] = [];
    const writers = Array.from({ length: 4 }, async () => {
      while (going) {
        const current = answered; // an answer counts where its write began
        const rows = await write().catch((error) => void isAway(error));
        current.push(rows?.[0]?.[0] ?? "none");
      }
    });
    await eventually("writes at the primary", () => answered.includes(String(pair.primary.port)));
    await pair.primary.kill();
    await eventually("a write that fails", () => answered.includes("none"));
    await pair.standby.promote();
    await eventually("writes at the new primary", () => answered.includes(String(pair.standby.port)));
    answered = [];
    await eventually("many writes, none of which fails", () => answered.length > 50);
    going = false;
    await Promise.all(writers);
    assert.deepEqual([...new Set(answered)], [String(pair.standby.port)]);
    await eventually("the reading pool lets go of what is no standby any more", () =>
      reading.ask("web", "SELECT pg_is_in_recovery()").then(
        () => false,
        (error: unknown) => isAway(error),
      ),
    );
  },
);
