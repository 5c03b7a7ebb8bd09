/**
 * Cases that run in this process on Node and, once more, in a process of Bun: a script of Bun's plays them all
 * (`playAll`), and `suiteOnBun` makes a test of each outcome.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { before, suite, test } from "node:test";
import { promisify } from "node:util";

const BUN = resolve(import.meta.dirname, "../../node_modules/bun/bin/bun.exe");
/** A case that hangs fails. */
export const CASE_MS = 120_000;

/** What a case is called, and what it does. */
type Named<Play> = readonly [name: string, play: Play];

/** A suite of Bun's outcomes. @param script plays the same cases by `playAll` */
export function suiteOnBun(title: string, script: string, cases: readonly Named<unknown>[]): void {
  suite(title, () => {
    const outcomes = new Map<string, string>();
    let complaints = "";
    before(async () => {
      const ran = await promisify(execFile)(BUN, [script]);
      complaints = ran.stderr;
      for (const line of ran.stdout.trim().split("\n")) {
        const { name, outcome } = JSON.parse(line) as { name: string; outcome: string };
        outcomes.set(name, outcome);
      }
    });
    for (const [name] of cases) test(name, () => assert.equal(outcomes.get(name), "passed"));
    test("no error is left to the runtime", () => assert.equal(complaints, ""));
  });
}

/** Plays every case, writes one line of JSON for each, and ends the process. */
export async function playAll<Play>(
  cases: readonly Named<Play>[],
  play: (how: Play) => Promise<void>,
): Promise<never> {
  for (const [name, how] of cases) {
    const outcome = await Promise.race([play(how).then(() => "passed", failure), hang()]);
    console.log(JSON.stringify({ name, outcome }));
  }
  process.exit(0);
}

function failure(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function hang(): Promise<string> {
  return new Promise((done) => setTimeout(done, CASE_MS, "it hangs").unref());
}
