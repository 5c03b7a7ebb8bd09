import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { before, suite, test } from "node:test";
import { promisify } from "node:util";
import { cases } from "./rest-http/cases.ts";
import { onStage } from "./rest-http/stage.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const BUN = join(ROOT, "node_modules/bun/bin/bun.exe");
/** A case that hangs fails. */
const CASE_MS = 20_000;

suite("HTTP on Node", () => {
  for (const [name, play] of cases) test(name, { timeout: CASE_MS }, () => onStage(play));
});

suite("HTTP on Bun", () => {
  const outcomes = new Map<string, string>();
  let complaints = "";
  before(async () => {
    const ran = await promisify(execFile)(BUN, [join(import.meta.dirname, "rest-http/on-bun.ts")]);
    complaints = ran.stderr;
    for (const line of ran.stdout.trim().split("\n")) {
      const { name, outcome } = JSON.parse(line) as { name: string; outcome: string };
      outcomes.set(name, outcome);
    }
  });
  for (const [name] of cases) test(name, () => assert.equal(outcomes.get(name), "passed"));
  test("no error is left to the runtime", () => assert.equal(complaints, ""));
});
