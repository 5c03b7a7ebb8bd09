import assert from "node:assert/strict";
import { test } from "node:test";
import { createProgram } from "../../../src/cli/program.ts";
import { commandsOf, examplesIn } from "../../support/help.ts";
import { exampleDirectory, shell } from "../../support/postern.ts";

/** Commands that run until they are stopped, or need a store. Their examples run in the tests beside this one, as those do that ask a running Postern. */
const SERVING = /\bpostern (start|demo|proxy|migrate|rest(?! --))\b/;

for (const { path: command, asks } of commandsOf(createProgram())) {
  test(`the help of "${command}" has examples, and they work`, (t) => {
    const { code, stdout, stderr } = shell(`${command} --help`, exampleDirectory(t));
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^Usage: ${command} `));
    const examples = examplesIn(stdout);
    assert.ok(examples.length > 0);
    // `explain` answers from a configuration, or asks.
    const here = (line: string) => (!asks || / explain /.test(line)) && !/--server/.test(line);
    for (const example of examples.filter((line) => here(line) && !SERVING.test(line))) {
      const ran = shell(example, exampleDirectory(t));
      assert.equal(ran.code, 0, `${example}\n${ran.stderr}`);
    }
  });
}

test("the version is the package's", (t) => {
  assert.match(shell("postern --version", exampleDirectory(t)).stdout, /^\d+\.\d+\.\d+\n$/);
});
