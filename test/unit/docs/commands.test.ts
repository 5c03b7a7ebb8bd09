/** Every command that a page shows is one that `postern` has, with options that it takes. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Command } from "commander";
import { createProgram } from "../../../src/cli/program.ts";

const ROOT = join(import.meta.dirname, "../../..");
const PAGES = globSync(["README.md", "docs/*.md", "deploy/**/*.md"], { cwd: ROOT });
const program = createProgram();

/** What stands in code: shell blocks line by line, and what is between backticks. */
function shownIn(text: string): string[] {
  const blocks = [...text.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(([, code = ""]) =>
    code.split("\n"),
  );
  const inline = [...text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, "").matchAll(/`([^`\n]+)`/g)].map(
    ([, code = ""]) => code,
  );
  return [...blocks, ...inline].flatMap((line) =>
    [...line.matchAll(/(?:^|[|&(] ?|bin\/)postern ([a-z][^|&;)#]*)/g)].map(([, words = ""]) => words.trim()),
  );
}

/** The command that the first words name. */
function commandOf(words: readonly string[]): Command | undefined {
  let found: Command = program;
  for (const word of words) {
    const next = found.commands.find((command) => command.name() === word);
    if (next === undefined) break;
    found = next;
  }
  return found === program ? undefined : found;
}

for (const page of PAGES)
  test(`the commands that ${page} shows are commands`, () => {
    for (const shown of shownIn(readFileSync(join(ROOT, page), "utf8"))) {
      const words = shown.split(/\s+/);
      const command = commandOf(words);
      assert.ok(command !== undefined, `postern ${shown}`);
      const known = command.options.flatMap(({ short, long }) => [short, long]).concat("--help");
      for (const word of words.filter((one) => /^--?[a-z]/.test(one)))
        assert.ok(known.includes(word.split("=")[0]), `postern ${shown}: there is no ${word}`);
    }
  });

test("the pages show commands", () => {
  const all = PAGES.flatMap((page) => shownIn(readFileSync(join(ROOT, page), "utf8")));
  assert.ok(all.length > 60, `${all.length}`);
});
