import assert from "node:assert/strict";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readCredential } from "../../../../src/daemon/pam/surroundings.ts";

const directory = mkdtempSync(join(tmpdir(), "postern-credential-"));
after(() => rmSync(directory, { recursive: true }));

function read(bytes: string) {
  const file = join(directory, "credential");
  writeFileSync(file, bytes);
  return readCredential(openSync(file, "r"));
}

const CREDENTIALS: readonly (readonly [what: string, bytes: string, credential: string])[] = [
  ["as pam_exec gives it", "secret\0", "secret"],
  ["whatever comes behind its end", "secret\0more", "secret"],
  ["from a file that ends as text files do", "secret\n", "secret"],
  ["that is one newline shorter than what was given, and no more", "secret\n\n", "secret\n"],
  ["of nothing", "", ""],
];
for (const [what, bytes, credential] of CREDENTIALS)
  test(`a credential is read ${what}`, async () => {
    assert.equal(await read(bytes), credential);
  });

test("a credential that is too long, or that pam_exec has cut, is none", async () => {
  for (const length of [511, 1023, 9000]) assert.notEqual(typeof (await read("x".repeat(length))), "string");
});
