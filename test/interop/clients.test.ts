/** Real clients, each in its own language, through the wire door of a running gateway: see support/suites.ts. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Doors } from "./support/doors.ts";
import type { Run } from "./support/program.ts";
import { runProgram } from "./support/program.ts";
import type { Suite } from "./support/suites.ts";
import { lacks, REFUSALS, suites } from "./support/suites.ts";
import { prepare } from "./support/toolchains.ts";

/** Where everything has to be there, a suite that cannot run is a failure. */
const COMPLETE = process.env["CI"] === "true";

const doors = new Doors();
after(() => doors.close());

// What takes longest to build comes last in the table; it is built while the others run.
for (const suite of suites) if (lacks(suite) === undefined) prepare(suite.language);

for (const suite of suites) {
  const { client, checks } = suite;
  const lacking = lacks(suite);
  describe(client, { skip: lacking === undefined || COMPLETE ? false : `skipped: ${lacking}` }, () => {
    let running: Promise<Run> | undefined;
    const run = () => (running ??= start(suite));

    test(`${client} has all that it needs here, and its program runs`, async () => {
      assert.equal(lacking, undefined, `${client} cannot be tested: ${lacking}`);
      await run();
    });

    if (lacking !== undefined) return;
    for (const check of checks) {
      test(`${client} ${check}`, async () => assertPassed(suite, await run(), check));
    }

    test(`${client} does what is expected of it and nothing else`, async () => {
      const { results, said } = await run();
      assert.deepEqual(results.map(({ check }) => check).sort(), [...checks].sort(), said);
    });
  });
}

async function start({ language, program, door }: Suite): Promise<Run> {
  const ready = (await prepare(language))(program);
  return runProgram(ready, await doors.facts(door));
}

function assertPassed(suite: Suite, run: Run, check: string): void {
  const result = run.results.find((line) => line.check === check);
  if (result === undefined) assert.fail(`the program ended without this check: ${run.said}`);
  assert(result.ok, result.error ?? run.said);
  const refusal = REFUSALS[check];
  if (refusal === undefined) return;
  assert.match(result.message ?? "", refusal);
  assert.equal(result.sqlstate, suite.tellsSqlstate ? "28P01" : undefined);
}
