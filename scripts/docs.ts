/** Writes what is generated in docs/: `npm run docs`. Tests fail when it is stale. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createProgram } from "../src/cli/program.ts";
import { renderCommandPage } from "../src/cli/reference.ts";
import { renderEditorSchema, renderPage } from "../src/config/reference.ts";
import { renderClients } from "./clients-table.ts";

const docs = join(import.meta.dirname, "..", "docs");
const page = join(docs, "configuration.md");
const example = readFileSync(join(docs, "examples", "postern.yaml"), "utf8");

writeFileSync(page, renderPage(readFileSync(page, "utf8"), example));
writeFileSync(join(docs, "postern.schema.json"), renderEditorSchema());

const commands = join(docs, "command-line.md");
writeFileSync(commands, renderCommandPage(readFileSync(commands, "utf8"), createProgram()));

const compatibility = join(docs, "compatibility.md");
writeFileSync(compatibility, renderClients(readFileSync(compatibility, "utf8")));
