import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { createProgram } from "../../../src/cli/program.ts";
import { exampleDirectory, shell } from "../../support/postern.ts";

/** Every command of the tree, as it is called. */
function commandsOf(command: Command, path = "postern"): readonly string[] {
  return [path, ...command.commands.flatMap((child) => commandsOf(child, `${path} ${child.name()}`))];
}

/** The lines of a help text that are there to be copied. */
function examplesIn(help: string): readonly string[] {
  return [...help.matchAll(/^ {2}\$ (.+)$/gm)].map((match) => match[1] ?? "");
}

/** Commands that run until they are stopped, or need a store. Their examples run in the tests beside this one. */
const SERVING = /\bpostern (start|demo|proxy|migrate|rest(?! --))\b/;

for (const command of commandsOf(createProgram())) {
  test(`the help of "${command}" has examples, and they work`, (t) => {
    const { code, stdout, stderr } = shell(`${command} --help`, exampleDirectory(t));
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^Usage: ${command} `));
    const examples = examplesIn(stdout);
    assert.ok(examples.length > 0);
    for (const example of examples.filter((line) => !SERVING.test(line))) {
      const ran = shell(example, exampleDirectory(t));
      assert.equal(ran.code, 0, `${example}\n${ran.stderr}`);
    }
  });
}

test("the version is the package's", (t) => {
  assert.match(shell("postern --version", exampleDirectory(t)).stdout, /^\d+\.\d+\.\d+\n$/);
});
