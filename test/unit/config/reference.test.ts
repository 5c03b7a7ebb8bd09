import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { faultText } from "../../../src/config/errors.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { renderEditorSchema, renderPage } from "../../../src/config/reference.ts";
import type { Shape } from "../../../src/config/shape.ts";
import { rootShape, variants } from "../../../src/config/shape.ts";
import { directoryWith } from "../../support/config-files.ts";

const DOCS = join(import.meta.dirname, "../../../docs");
const read = (name: string) => readFileSync(join(DOCS, name), "utf8");

test("docs/configuration.md is what the schema says now (else: npm run docs)", () => {
  const page = read("configuration.md");
  assert.equal(renderPage(page, read("examples/postern.yaml")), page);
});

test("docs/postern.schema.json is what the schema says now (else: npm run docs)", () => {
  assert.equal(read("postern.schema.json"), renderEditorSchema());
});

/** Loads an example as its reader would: the files that it names are there, the variables are set. */
function loadExample(t: TestContext, name: string) {
  const files = ["tls/server.crt", "tls/server.key", "keys/jobs.pub", "secrets/reporting", "ca/db.crt"];
  const contents = Object.fromEntries(files.map((file) => [file, "x"]));
  const directory = directoryWith(t, { ...contents, "postern.yaml": read(`examples/${name}`) });
  const env = { DATABASE_PASSWORD: "x", APP_PASSWORD: "y" };
  return loadConfig({ file: join(directory, "postern.yaml"), env });
}

for (const name of ["minimal.yaml", "postern.yaml"]) {
  test(`the example ${name} is accepted without a warning, and by editors`, (t) => {
    const result = loadExample(t, name);
    const findings = result.kind === "ok" ? result.warnings : result.faults;
    assert.deepEqual(findings.map(faultText), []);
    const editor = z.fromJSONSchema(JSON.parse(read("postern.schema.json")));
    assert.equal(editor.safeParse(parse(read(`examples/${name}`))).success, true);
    assert.equal(editor.safeParse({ ...parse(read(`examples/${name}`)), lmits: {} }).success, false);
  });
}

test("every setting says what it means", () => {
  const silent: string[] = [];
  const visit = (shape: Shape, path: string): void => {
    for (const variant of variants(shape)) {
      if (variant.items !== undefined) visit(variant.items, `${path}[]`);
      for (const [name, child] of Object.entries(variant.properties ?? {})) {
        if (path.endsWith("jwks.keys[]")) continue;
        if (child.description === undefined) silent.push(`${path}.${name}`);
        visit(child, `${path}.${name}`);
      }
    }
  };
  visit(rootShape(), "");
  assert.deepEqual(silent, []);
});

test("the page names only files that exist", () => {
  const links = [...read("configuration.md").matchAll(/\]\(([^)#]+)\)/g)].map((match) => match[1] ?? "");
  assert.ok(links.length > 0);
  for (const link of links) assert.ok(read(link).length > 0, relative(DOCS, link));
});
