import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { Admission } from "../../../src/access/admission.ts";
import { Identity } from "../../../src/identity/identity.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const FIXTURES = join(import.meta.dirname, "fixtures");

test("a door that makes its own Admission or Identity does not compile", () => {
  const numbered = readFileSync(join(FIXTURES, "forged.ts"), "utf8")
    .split("\n")
    .flatMap((line, index) => (/\/\/ \d+$/.test(line) ? [index + 1] : []));
  const tsc = spawnSync(
    join(ROOT, "node_modules/.bin/tsc"),
    ["--noEmit", "--pretty", "false", "-p", FIXTURES],
    { encoding: "utf8" },
  );
  const wrong = [...tsc.stdout.matchAll(/forged\.ts\((\d+),/g)].map((match) => Number(match[1]));
  assert.equal(numbered.length, 6);
  assert.deepEqual([...new Set(wrong)], numbered, tsc.stdout);
});

test("nothing but the pipeline seals an Admission", () => {
  const source = join(ROOT, "src");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const makers = files.filter((file) => readFileSync(join(source, file), "utf8").includes("sealAdmission"));
  assert.deepEqual(makers.sort(), ["access/admission.ts", "access/admit.ts"]);
});

test("an object that only looks like an Admission or an Identity is not one", () => {
  assert.equal(Admission.is(Object.create(Admission.prototype)), false);
  assert.equal(Identity.is(Object.create(Identity.prototype)), false);
  assert.equal(Admission.is({ role: "postgres", privileged: true }), false);
  assert.equal(Identity.is(null), false);
});
