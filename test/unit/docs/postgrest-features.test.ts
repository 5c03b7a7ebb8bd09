import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../../..");

interface Feature {
  readonly id: string;
  readonly name: string;
  readonly here: string;
  readonly note: string;
  readonly line: number;
}

/** The rows of the page's tables: `| id | feature | here | note |`. */
function features(): readonly Feature[] {
  const lines = readFileSync(join(ROOT, "docs/postgrest.md"), "utf8").split("\n");
  return lines.flatMap((text, index) => {
    const cells = text.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [, id = "", name = "", here = "", note = ""] = cells;
    const isRow = cells.length === 6 && /^`[^`]+`$/.test(id);
    return isRow ? [{ id: id.slice(1, -1), name, here, note, line: index + 1 }] : [];
  });
}

/** Each id that a test says it shows, with the files that do. */
function shown(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const file of globSync("test/**/*.ts", { cwd: ROOT })) {
    if (join(ROOT, file) === import.meta.filename) continue;
    for (const [, id = ""] of readFileSync(join(ROOT, file), "utf8").matchAll(/\bfeature: "([^"]+)"/g))
      found.set(id, [...(found.get(id) ?? []), relative(ROOT, join(ROOT, file))]);
  }
  return found;
}

const listed = features();
const tested = shown();
const where = ({ id, line }: Feature) => `docs/postgrest.md:${line}: ${id}`;

test("docs/postgrest.md lists features, each once, with yes, differs or no", () => {
  assert.ok(listed.length > 0);
  const ids = listed.map(({ id }) => id);
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) < index),
    [],
  );
  const wrong = listed.filter(({ name, here }) => name === "" || !["yes", "differs", "no"].includes(here));
  assert.deepEqual(wrong.map(where), []);
});

test("what differs and what is missing is explained", () => {
  assert.deepEqual(listed.filter(({ here, note }) => here !== "yes" && note === "").map(where), []);
});

test("every feature that docs/postgrest.md claims is shown by a test", () => {
  const claimed = listed.filter(({ here }) => here !== "no");
  assert.deepEqual(claimed.filter(({ id }) => !tested.has(id)).map(where), []);
});

test("every feature that a test shows is listed in docs/postgrest.md", () => {
  const claimed = new Set(listed.filter(({ here }) => here !== "no").map(({ id }) => id));
  const missing = [...tested].filter(([id]) => !claimed.has(id));
  assert.deepEqual(
    missing.map(([id, files]) => `${id} (${files[0]})`),
    [],
  );
});
