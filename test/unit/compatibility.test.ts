import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { renderClients } from "../../scripts/clients-table.ts";

const DOCS = join(import.meta.dirname, "../../docs");
const page = readFileSync(join(DOCS, "compatibility.md"), "utf8");

/** Whether a file has a test of this name, written out or filled in from a table of the same file. */
function has(file: string, name: string): boolean {
  const source = readFileSync(file, "utf8");
  const titles = [...source.matchAll(/\btest\(\s*(["`])((?:\\.|(?!\1).)+)\1/g)].map(
    (match) => match[2] ?? "",
  );
  const literal = (text: string) => text.replace(/[.*+?^$()|[\]\\{}]/g, "\\$&");
  return titles.some((title) => {
    const pattern = title
      .split(/\$\{[^}]+\}/)
      .map(literal)
      .join("(.+)");
    const filled = new RegExp(`^${pattern}$`).exec(name)?.slice(1);
    return filled?.every((part) => new RegExp(`"${literal(part)}"|\\b${literal(part)}:`).test(source));
  });
}

/** Every claim of the page: the file of its test, and the test's name. */
const claims = [...page.matchAll(/\[[^\]]+\]\((\.\.\/test\/[^)]+)\) "([^"]+)"/g)].map(
  ([, file = "", name = ""]) => ({
    file: join(DOCS, file),
    name,
  }),
);

test("every claim of docs/compatibility.md names a test that exists", () => {
  assert.ok(claims.length > 30);
  for (const { file, name } of claims) {
    assert.ok(existsSync(file), file);
    assert.ok(has(file, name), `${file} has no test "${name}"`);
  }
});

test("no row of docs/compatibility.md is without its test", () => {
  const tables = page.split(/^\|(?:---\|){3}$/m).slice(1);
  for (const table of tables) {
    const rows = table.trim().split("\n\n")[0]?.split("\n") ?? [];
    for (const row of rows) assert.match(row, /\]\(\.\.\/test\/\S+\) "[^"]+" \|$/);
  }
});

test("the table of drivers and tools is what test/interop checks now (else: npm run docs)", () => {
  assert.equal(renderClients(page), page);
});
