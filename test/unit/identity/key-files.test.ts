import assert from "node:assert/strict";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { publicJwk } from "../../../src/identity/mint.ts";
import { keyPair, Proving } from "../../support/issuer.ts";

/** A file that is looked at anew this often, whatever the file system tells. */
const LOOK_MS = 10_000;
const [first, second] = [keyPair("EdDSA", "first"), keyPair("EdDSA", "second")];
const setOf = (...pairs: (typeof first)[]) =>
  JSON.stringify({ keys: pairs.map(({ publicPem }) => publicJwk(publicPem)) });

async function keyFile(context: TestContext, content: string) {
  const directory = await mkdtemp(join(tmpdir(), "postern-keys-"));
  context.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "keys");
  await writeFile(path, content);
  /** Puts another file in its place, as careful programs do. */
  const replace = async (next: string) => {
    await writeFile(`${path}.new`, next);
    await rename(`${path}.new`, path);
  };
  return { path, replace };
}

test("keys are read from a JWK Set in a file", async (context) => {
  const { path } = await keyFile(context, setOf(first));
  const proving = Proving.for(context, { keys: { jwksFile: path } });
  await proving.verifier.start();
  assert.equal(await proving.outcome(proving.token(first)), "test:ann");
});

test("keys are read from PEM files, several in one or one in each", async (context) => {
  const one = await keyFile(context, first.publicPem + second.publicPem);
  const two = await keyFile(context, keyPair("ES256").publicPem);
  const proving = Proving.for(context, { keys: { pemFiles: [one.path, two.path] } });
  await proving.verifier.start();
  for (const pair of [first, second, keyPair("ES256")])
    assert.equal(await proving.outcome(proving.token(pair)), "test:ann");
});

test("a changed file is taken up, and its old keys go", async (context) => {
  const { path, replace } = await keyFile(context, setOf(first));
  const proving = Proving.for(context, { keys: { jwksFile: path } });
  await proving.verifier.start();
  await replace(setOf(second));
  proving.clock.advance(LOOK_MS);
  await proving.reported("keys.loaded.v1", 2);
  assert.equal(await proving.outcome(proving.token(second)), "test:ann");
  assert.equal(await proving.outcome(proving.token(first)), "identity/no-key");
  assert.equal(proving.changes, 2);
});

for (const [what, content, reason] of [
  ["is empty", "", /not JSON/],
  ["is cut off", setOf(first).slice(0, 40), /not JSON/],
  ["has no usable key", '{"keys":[]}', /no usable key/],
  ["is larger than 64 KiB", `${" ".repeat(65_536)}{}`, /larger than 65536 bytes/],
] as const) {
  test(`a changed file that ${what} replaces nothing`, async (context) => {
    const { path, replace } = await keyFile(context, setOf(first));
    const proving = Proving.for(context, { keys: { jwksFile: path } });
    await proving.verifier.start();
    await replace(content);
    proving.clock.advance(LOOK_MS);
    await proving.reported("keys.failed.v1", 1);
    assert.match(proving.detail("keys.failed.v1"), reason);
    assert.equal(await proving.outcome(proving.token(first)), "test:ann");
  });
}

test("a missing file is reported, and taken up when it comes", async (context) => {
  const { path } = await keyFile(context, setOf(first));
  await rm(path);
  const proving = Proving.for(context, { keys: { jwksFile: path } });
  await proving.verifier.start();
  assert.match(proving.detail("keys.failed.v1"), /ENOENT/);
  assert.equal(proving.verifier.ready(), false);
  assert.equal(await proving.outcome(proving.token(first)), "identity/keys-unavailable");
  await writeFile(path, setOf(first));
  proving.clock.advance(LOOK_MS);
  await proving.reported("keys.loaded.v1", 1);
  assert.equal(await proving.outcome(proving.token(first)), "test:ann");
});

test("a PEM file with one bad key is refused as a whole, with what to do", async (context) => {
  const { path } = await keyFile(context, first.publicPem + second.privatePem);
  const proving = Proving.for(context, { keys: { pemFiles: [path] } });
  await proving.verifier.start();
  assert.match(proving.detail("keys.failed.v1"), /a private key; give its public half/);
  assert.equal(proving.verifier.ready(), false);
});

test("closing leaves no timer and no watcher", async (context) => {
  const { path } = await keyFile(context, setOf(first));
  const proving = Proving.for(context, { keys: { jwksFile: path } });
  await proving.verifier.start();
  proving.verifier.close();
  assert.equal(proving.clock.pending, 0);
});
