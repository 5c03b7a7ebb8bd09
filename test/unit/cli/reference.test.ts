import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createProgram } from "../../../src/cli/program.ts";
import { renderCommandPage } from "../../../src/cli/reference.ts";

test("docs/command-line.md is what the commands are now (else: npm run docs)", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/command-line.md"), "utf8");
  assert.equal(renderCommandPage(page, createProgram()), page);
});
