/** What hides a statement from the ledger: names that mean two things, and messages that do not go together. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { eventually } from "../support/eventually.ts";
import { linesIn, recordOf } from "../support/ledger.ts";
import { RawClient } from "../support/raw-client.ts";
import { int16, int32, text, typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

/** Each has a sequence of its own, which counts its runs whatever becomes of their transactions. */
const TEXTS = 6;
const sqlOf = (n: number) => `SELECT nextval('ran_${n}')`;

const directory = mkdtempSync(join(tmpdir(), "postern-statements-"));
const file = join(directory, "audit.jsonl");
let world: World;

before(async () => {
  const sequences = Array.from(
    { length: TEXTS },
    (_, n) => `CREATE SEQUENCE ran_${n}; GRANT ALL ON ran_${n} TO ada;`,
  );
  world = await startWorld({
    config: {
      audit: { sink: { kind: "file", path: file }, signingKey: join(directory, "key"), statements: "text" },
    },
    postgres: { sql: `${sequences.join("\n")} CREATE TABLE rows (n integer); GRANT ALL ON rows TO ada;` },
  });
});
after(async () => {
  await world.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** How often the server has run each text so far. */
async function runs(): Promise<readonly number[]> {
  const list = Array.from({ length: TEXTS }, (_, n) => `'ran_${n}'`).join();
  const rows = await world.postgres.query(
    `SELECT coalesce(last_value, 0)::int AS n FROM pg_sequences WHERE sequencename IN (${list}) ORDER BY sequencename`,
  );
  return rows.map(({ n }) => Number(n));
}

const parse = (name: string, sql: string) => typed("P", Buffer.concat([text(name), text(sql), int16(0)]));
const bind = (portal: string, name: string) =>
  typed("B", Buffer.concat([text(portal), text(name), int16(0, 0, 0)]));
const execute = (portal: string, rows = 0) => typed("E", Buffer.concat([text(portal), int32(rows)]));
const close = (of: "S" | "P", name: string) => typed("C", Buffer.concat([Buffer.from(of), text(name)]));
const query = (sql: string) => typed("Q", text(sql));
const SYNC = typed("S", Buffer.alloc(0));
const FLUSH = typed("H", Buffer.alloc(0));
const COPY_DONE = typed("c", Buffer.alloc(0));
const TERMINATE = typed("X", Buffer.alloc(0));

/** A message, or a moment in which the server can answer. */
type Step = Buffer | "wait";

/** Sends it all in a session of its own. Returns what the server ran, and what the ledger says that was sent. */
async function play(steps: readonly Step[]) {
  const before = await runs();
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  await client.logIn("ada", world.token("ada"));
  const session = await eventually("the login in the ledger", () => sessions().at(-1));
  for (const step of steps) {
    if (step === "wait")
      await world.postgres.query("SELECT 1"); // a round trip, in which the server answers
    else client.send(step);
  }
  client.send(typed("f", text("enough")), SYNC, TERMINATE);
  await client.gone();
  await eventually("the end of the session in the ledger", () =>
    records("session.ended.v1").some(({ event }) => event["session"] === session),
  );
  const told = records("statement.v1").filter(({ event }) => event["session"] === session);
  const after = await runs();
  return {
    ran: after.map((count, n) => count - (before[n] ?? 0)),
    told: told.map(({ event }) => String(event["sql"])),
  };
}

function records(kind: string) {
  return linesIn(file)
    .map(recordOf)
    .filter(({ event }) => event.event === kind);
}

const seen = new Set<unknown>();

/** Sessions that began since this was asked last. */
function sessions(): unknown[] {
  const fresh = records("login.allowed.v1")
    .map(({ event }) => event["session"])
    .filter((id) => !seen.has(id));
  for (const id of fresh) seen.add(id);
  return fresh;
}

function hidden({ ran, told }: Awaited<ReturnType<typeof play>>): number[] {
  return ran.flatMap((count, n) => (count > 0 && !told.some((sql) => sql.includes(`ran_${n}'`)) ? [n] : []));
}

const drop = sqlOf(0);
const harmless = sqlOf(1);
const run = [bind("", "s"), execute(""), SYNC];

const TRICKS: Readonly<Record<string, readonly Step[]>> = {
  "a name that is given again, which the server refuses": [
    parse("s", drop),
    SYNC,
    "wait",
    parse("s", harmless),
    SYNC,
    "wait",
    ...run,
  ],
  "the same without waiting for an answer": [parse("s", drop), SYNC, parse("s", harmless), SYNC, ...run],
  "a portal that is bound again in a savepoint, which fails": [
    parse("s", drop),
    parse("h", harmless),
    SYNC,
    query("BEGIN"),
    bind("p", "s"),
    SYNC,
    query("SAVEPOINT a"),
    bind("p", "h"),
    SYNC,
    query("ROLLBACK TO a"),
    "wait",
    execute("p"),
    SYNC,
  ],
  "a Sync within a COPY, which the server passes over": [
    parse("s", drop),
    SYNC,
    "wait",
    query("COPY rows FROM STDIN"),
    "wait",
    SYNC,
    COPY_DONE,
    "wait",
    parse("s", harmless),
    SYNC,
    parse("x", harmless),
    SYNC,
    "wait",
    ...run,
  ],
  "a Query within what failed, which the server passes over": [
    parse("s", drop),
    SYNC,
    "wait",
    bind("", "none"),
    query("SELECT 1"),
    SYNC,
    "wait",
    parse("s", harmless),
    SYNC,
    parse("x", harmless),
    SYNC,
    "wait",
    ...run,
  ],
  "more prepared statements than are kept": [
    parse("s", drop),
    SYNC,
    "wait",
    ...Array.from({ length: 2100 }, (_, n) => parse(`x${n}`, "SELECT 1")),
    SYNC,
    "wait",
    ...run,
  ],
  "a text that SQL has prepared": [query(`PREPARE s AS ${drop}`), "wait", ...run],
  "rows that are fetched in pieces": [
    parse("s", drop),
    bind("p", "s"),
    execute("p", 1),
    execute("p", 1),
    SYNC,
  ],
};

for (const [trick, steps] of Object.entries(TRICKS))
  test(`a statement that is run does not hide behind ${trick}`, async () => {
    const played = await play(steps);
    assert.ok((played.ran[0] ?? 0) > 0, "it was run");
    assert.deepEqual(hidden(played), []);
  });

const names = fc.constantFrom("", "a", "b");
const numbers = fc.nat(TEXTS - 1);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(names, numbers).map(([name, n]) => parse(name, sqlOf(n))) },
  { weight: 5, arbitrary: fc.tuple(names, names).map(([portal, name]) => bind(portal, name)) },
  { weight: 6, arbitrary: names.map((portal) => execute(portal)) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("S", "P"), names).map(([of, name]) => close(of as "S" | "P", name)),
  },
  { weight: 5, arbitrary: fc.constant(SYNC) },
  { weight: 1, arbitrary: fc.constant(FLUSH) },
  { weight: 3, arbitrary: fc.constant("wait" as const) },
  { weight: 1, arbitrary: numbers.map((n) => query(sqlOf(n))) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(
        "BEGIN",
        "SAVEPOINT a",
        "ROLLBACK TO a",
        "COMMIT",
        "ROLLBACK",
        "DEALLOCATE ALL",
        "COPY rows FROM STDIN",
        "SELEC",
      )
      .map(query),
  },
  { weight: 1, arbitrary: numbers.map((n) => query(`PREPARE a AS ${sqlOf(n)}`)) },
  { weight: 1, arbitrary: fc.constant(COPY_DONE) },
);

test(
  "whatever a client sends in whatever order, every statement that the server ran is in the ledger",
  { timeout: 200_000 },
  () =>
    fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 60 }), async (sent) => {
        assert.deepEqual(hidden(await play(sent)), []);
      }),
      { numRuns: 60 },
    ),
);
