import { setTimeout as sleep } from "node:timers/promises";
import { postgresProgram } from "../../support/postgres-program.ts";
import { run } from "../../support/program.ts";
import { type Case, PROBE_ID } from "../cases.ts";
import { ANONYMOUS, DATABASE, LOGIN, WEB } from "../data.ts";
import { type PgbenchScript, pgbenchScript } from "../pgbench-script.ts";
import { type Executed, executed, requestOf } from "../statement-log.ts";
import type { Bench, Peer, Reading } from "./peer.ts";
import { postern } from "./postern.ts";

/** Which of the statements of a request are run. */
type Part = "asked" | "all";

/** Where the statements begin that leave the connection clean (src/upstream/pool/own-statements.ts). */
const CLEAN_UP = /^(?:SET CONSTRAINTS ALL IMMEDIATE|RESET ALL)$/;
const LOG_TIMEOUT_MS = 10_000;
const TRY_EVERY_MS = 20;
const ATTEMPTS = 5;

/** PostgreSQL itself: pgbench runs the role, the settings and the main statement of Postern's request. */
export const ceiling: Peer = peer("ceiling", "asked");
/** The same with the statements after it that leave the connection clean: all that Postern sends. */
export const ceilingWithCleanUp: Peer = peer("ceiling+clean", "all");

function peer(name: string, part: Part): Peer {
  return {
    name,
    missing: () => undefined,
    start: async (bench, cases) => {
      const directory = bench.bed.workspace.directoryFor("ceiling");
      const orders = new Map<Case, readonly string[]>();
      for (const [which, statements] of await captured(bench, cases)) {
        const end = part === "all" ? -1 : statements.findIndex(({ text }) => CLEAN_UP.test(text));
        const chosen = end < 0 ? statements : statements.slice(0, end);
        const script = pgbenchScript(chosen, { id: String(PROBE_ID), ids: which.ids });
        const file = bench.bed.workspace.write(directory, `${which.name}.sql`, script.text);
        orders.set(which, ["-f", file, ...definitions(script)]);
      }
      const load = (which: Case, seconds: number) =>
        pgbench(bench, { which, order: orders.get(which) ?? [], seconds });
      return { check: async () => {}, load, [Symbol.asyncDispose]: async () => {} };
    },
  };
}

function definitions({ variables }: PgbenchScript): readonly string[] {
  return variables.flatMap(([name, value]) => ["-D", `${name}=${value}`]);
}

/** What each case makes Postern send, from PostgreSQL's log. */
async function captured(
  bench: Bench,
  cases: readonly Case[],
): Promise<readonly (readonly [Case, readonly Executed[]])[]> {
  const { postgres } = bench.bed;
  await postgres.query(`ALTER ROLE ${LOGIN.user} SET log_statement = 'all'`);
  try {
    await using gateway = await postern("bun", 1).start(bench, cases);
    const found: (readonly [Case, readonly Executed[]])[] = [];
    for (const which of cases) found.push([which, await statementsOf(bench, () => gateway.check(which))]);
    return found;
  } finally {
    await postgres.query(`ALTER ROLE ${LOGIN.user} RESET log_statement`);
  }
}

/** One request in a second is followed by a closer look (src/upstream/pool/member.ts); the next is not. */
async function statementsOf(bench: Bench, ask: () => Promise<void>): Promise<readonly Executed[]> {
  const { lines } = bench.bed.postgres;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const from = await logEnd(bench);
    await ask();
    const statements = requestOf(executed(lines.slice(from, await logEnd(bench))));
    if (statements !== undefined) return statements;
  }
  throw new Error("PostgreSQL's log does not show the transaction of a request");
}

/** How many lines the log has, once it has all that was written so far. */
async function logEnd({ bed: { postgres }, signal }: Bench): Promise<number> {
  const mark = `mark ${postgres.lines.length}`;
  await postgres.query(`DO $$ BEGIN RAISE LOG '${mark}'; END $$`);
  for (const end = Date.now() + LOG_TIMEOUT_MS; ; await sleep(TRY_EVERY_MS, undefined, { signal })) {
    const at = postgres.lines.findIndex((line) => line.endsWith(mark));
    if (at >= 0) return at;
    if (Date.now() > end) throw new Error("PostgreSQL's log does not show what was written to it");
  }
}

async function pgbench(
  { bed, clients, signal }: Bench,
  { which, order, seconds }: { which: Case; order: readonly string[]; seconds: number },
): Promise<Reading> {
  const args = ["-n", "-M", "prepared", "-c", String(clients), "-j", "1", "-T", String(seconds), ...order];
  const output = await run(postgresProgram("pgbench"), args, {
    env: {
      PATH: process.env["PATH"],
      LC_ALL: "C",
      PGHOST: "127.0.0.1",
      PGPORT: String(bed.postgres.port),
      PGUSER: LOGIN.user,
      PGPASSWORD: LOGIN.password,
      PGDATABASE: DATABASE,
      PGSSLMODE: "disable",
      PGGSSENCMODE: "disable",
      // Statements are prepared outside of the transaction that sets the role, and by somebody who may run them.
      PGOPTIONS: `-c role=${which.who === "anonymous" ? ANONYMOUS : WEB}`,
    },
    signal,
  });
  const [, rate] = /^tps = ([\d.]+)/m.exec(output) ?? [];
  const [, failed] = /number of failed transactions: (\d+)/.exec(output) ?? [];
  if (rate === undefined || failed !== "0") throw new Error(`pgbench failed: ${output}`);
  const none = { p50Ms: undefined, p99Ms: undefined, cpuMicros: undefined, residentMb: undefined };
  return { perSecond: Number(rate), ...none };
}
