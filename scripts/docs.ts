/** Writes what is generated in docs/: `npm run docs`. test/unit/config/reference.test.ts fails when it is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderEditorSchema, renderPage } from "../src/config/reference.ts";

const docs = join(import.meta.dirname, "..", "docs");
const page = join(docs, "configuration.md");
const example = readFileSync(join(docs, "examples", "postern.yaml"), "utf8");

writeFileSync(page, renderPage(readFileSync(page, "utf8"), example));
writeFileSync(join(docs, "postern.schema.json"), renderEditorSchema());
