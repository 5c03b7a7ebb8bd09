import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { ScramKeyCache } from "../../../src/upstream/scram-key-cache.ts";

const challenge = { nonce: "n", salt: Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"), iterations: 4096 };

test("keys are derived once for the same password, salt and iteration count, even for logins at once", async () => {
  const cache = new ScramKeyCache();
  const first = cache.get("pencil", challenge);
  assert.equal(cache.get("pencil", { ...challenge, nonce: "another" }), first);
  await first;
  assert.equal(cache.get("pencil", challenge), first);
});

test("another password, salt or iteration count has other keys", async () => {
  const cache = new ScramKeyCache();
  const all = await Promise.all([
    cache.get("pencil", challenge),
    cache.get("pencil2", challenge),
    cache.get("pencil", { ...challenge, salt: Buffer.from("salt") }),
    cache.get("pencil", { ...challenge, iterations: 4097 }),
  ]);
  assert.equal(new Set(all.map(({ clientKey }) => clientKey.toString("hex"))).size, all.length);
});

test("the cache shows no password", async () => {
  const cache = new ScramKeyCache();
  await cache.get("pencil", challenge);
  assert.equal(inspect(cache, { depth: 9, showHidden: true }).includes("pencil"), false);
});
