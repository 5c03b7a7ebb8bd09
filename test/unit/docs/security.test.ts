/** docs/security.md: the tests that it names are there, and no attack's test goes unmentioned. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../../..");
const PAGE = readFileSync(join(ROOT, "docs/security.md"), "utf8");
const HEADER = "| # | attack | what Postern does | tests |\n|---|---|---|---|\n";

const rows = (PAGE.split(HEADER)[1]?.split("\n\n")[0]?.split("\n") ?? []).map((row) => {
  const cells = row.split(/(?<!\\)\|/).map((cell) => cell.trim());
  const [, number = "", attack = "", , tests = ""] = cells;
  return { number, attack, tests: [...tests.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name) };
});

/** A name alone is a file of test/attack or test/fault; a path is a file, with or without its ending, or a directory. */
function filesOf(name: string): readonly string[] {
  const places = name.startsWith("test/") ? [name] : [`test/attack/${name}`, `test/fault/${name}`];
  return globSync(
    places.flatMap((place) => [place, `${place}.test.ts`]),
    { cwd: ROOT },
  );
}

test("every attack of docs/security.md names tests that exist", () => {
  assert.ok(rows.length > 30);
  for (const { number, attack, tests } of rows) {
    assert.ok(tests.length > 0, `${number}: ${attack}`);
    for (const name of tests) assert.ok(filesOf(name).length > 0, `${number}: there is no test ${name}`);
  }
});

test("every test of test/attack, and every numbered one of test/fault, is named in docs/security.md", () => {
  const named = new Set(rows.flatMap(({ tests }) => tests).flatMap(filesOf));
  const there = globSync(["test/attack/*.test.ts", "test/fault/[0-9]*.test.ts"], { cwd: ROOT });
  assert.deepEqual(
    there.filter((file) => !named.has(file)),
    [],
  );
});

test("attacks are in the order of their numbers", () => {
  const numbers = rows.map(({ number }) => Number.parseInt(number, 10));
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
});
