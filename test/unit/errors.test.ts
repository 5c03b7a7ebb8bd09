import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ErrorSpec } from "../../src/base/error.ts";
import { FAREWELL } from "../../src/doors/postgres/session.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/errors.md"), "utf8");

interface Table {
  readonly file: string;
  readonly specs: ReadonlyMap<string, ErrorSpec>;
}

function isSpec(value: unknown): value is ErrorSpec {
  return typeof value === "object" && value !== null && "sqlstate" in value && "publicMessage" in value;
}

/** The tables of codes that a module exports; config/errors.ts has none, since it speaks to operators only. */
async function tablesIn(file: string): Promise<Table[]> {
  const exported: Readonly<Record<string, unknown>> = await import(join(ROOT, file));
  return Object.values(exported).flatMap((value) => {
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return entries.length > 0 && entries.every(([, spec]) => isSpec(spec))
      ? [{ file, specs: new Map(entries as [string, ErrorSpec][]) }]
      : [];
  });
}

const files = globSync("src/**/errors.ts", { cwd: ROOT }).sort();
const tables = (await Promise.all(files.map(tablesIn))).flat();
const all = tables.flatMap(({ specs }) => [...specs]);

/** What the page says of each code. */
const explained = [
  ...PAGE.matchAll(
    /^### (\S+)\n\n> (.+)\n\nSQLSTATE (\S+) · HTTP (\d+)\n\n([^#>]+?)\n\n\*\*Do:\*\* ([^#>]+?)\n\n/gm,
  ),
].map(([, code = "", publicMessage = "", sqlstate = "", http]) => ({
  code,
  spec: { sqlstate, http: Number(http), publicMessage },
}));

test("every room that lists error codes is found", () => {
  assert.deepEqual(
    tables.map(({ file }) => file),
    files.filter((file) => readFileSync(join(ROOT, file), "utf8").includes("publicMessage")),
  );
  assert.ok(all.length > 40);
});

test("docs/errors.md explains every code, with what the client really sees, and no other", () => {
  const sorted = <T>(entries: readonly (readonly [string, T])[]) =>
    [...entries].sort(([a], [b]) => a.localeCompare(b));
  assert.deepEqual(sorted(explained.map(({ code, spec }) => [code, spec])), sorted(all));
  assert.equal(PAGE.match(/^### /gm)?.length, explained.length, "a section lacks one of its parts");
});

test("no code is there twice", () => {
  const codes = all.map(([code]) => code);
  assert.deepEqual(codes, [...new Set(codes)]);
});

for (const { file, specs } of tables) {
  test(`the codes of ${file} have one prefix, a SQLSTATE, an HTTP status and a text that is safe to show`, () => {
    assert.equal(new Set([...specs.keys()].map((code) => code.split("/")[0])).size, 1);
    for (const [code, { sqlstate, http, publicMessage }] of specs) {
      assert.match(code, /^[a-z]+\/[a-z]+(-[a-z]+)*$/);
      assert.match(sqlstate, /^[0-9A-Z]{5}$/, code);
      assert.ok(http >= 400 && http <= 599, code);
      assert.match(publicMessage, /^[a-zT].{5,110}[^.\s]$/, code);
    }
  });

  test(`nothing from the input gets into a text of ${file}`, () => {
    const source = readFileSync(join(ROOT, file), "utf8");
    assert.doesNotMatch(source, /\$\{/, "texts are fixed: no template has a place in this file");
    for (const [code, spec] of specs) assert.doesNotMatch(spec.publicMessage, /[%$"{}\n]/, code);
  });
}

test("docs/errors.md says how a session ends as its client is told", () => {
  const rows = [...PAGE.matchAll(/^\| `([a-z-]+)` \| (\w{5}) \| (.+?) \| .+ \|$/gm)];
  const said = Object.fromEntries(rows.map(([, reason, sqlstate, text]) => [reason, { sqlstate, text }]));
  const told = Object.entries(FAREWELL).filter(([, farewell]) => farewell !== undefined);
  assert.deepEqual(said, Object.fromEntries(told));
  for (const [reason, farewell] of Object.entries(FAREWELL))
    if (farewell === undefined) assert.ok(PAGE.includes(`\`${reason}\``), reason);
});
