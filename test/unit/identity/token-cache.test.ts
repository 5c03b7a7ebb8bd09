import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../../src/base/secret.ts";
import { noTrace } from "../../../src/base/trace.ts";
import type { ProvedIdentity } from "../../../src/identity/identity.ts";
import { TokenCache } from "../../../src/identity/token-cache.ts";
import { keyPair, Proving } from "../../support/issuer.ts";

async function identity(): Promise<ProvedIdentity> {
  const proving = new Proving({ keys: { pem: [keyPair().publicPem] } });
  const verified = await proving.verify(proving.token(keyPair()));
  assert.equal(verified.kind, "identity");
  return verified.identity;
}

test("a token that was proved gives the same identity again without being proved again", async () => {
  const proving = new Proving({ keys: { pem: [keyPair().publicPem] } });
  const token = proving.token(keyPair());
  const [first, second] = [await proving.verify(token), await proving.verify(token)];
  assert.ok(first.kind === "identity" && second.kind === "identity");
  assert.equal(first.identity, second.identity);
});

test("explain proves a known token again, so that its working is whole", async () => {
  const proving = new Proving({ keys: { pem: [keyPair().publicPem] } });
  const secret = new Secret(proving.token(keyPair()));
  await proving.verifier.verify(secret, undefined, noTrace);
  const checks: string[] = [];
  await proving.verifier.verify(secret, undefined, ({ check }) => checks.push(check));
  assert.deepEqual(checks, ["format", "issuer", "key", "signature", "type", "time", "audience", "subject"]);
});

test("an entry is given from its beginning until just before its end", async () => {
  const cache = new TokenCache(10_000);
  cache.set("k", { identity: await identity(), from: 100, until: 200, length: 1 });
  assert.equal(cache.get("k", 99), undefined);
  assert.ok(cache.get("k", 100));
  assert.ok(cache.get("k", 199));
  assert.equal(cache.get("k", 200), undefined);
  assert.equal(cache.size, 0);
});

test("the oldest entries make room, by number and by length", async () => {
  const known = await identity();
  const cache = new TokenCache(10_000);
  const entry = (length: number) => ({ identity: known, from: 0, until: 10, length });
  for (let n = 0; n <= 10_000; n += 1) cache.set(`k${n}`, entry(1));
  assert.equal(cache.size, 10_000);
  assert.equal(cache.get("k0", 1), undefined);
  assert.ok(cache.get("k1", 1));
  cache.set("large", entry(16 * 1024 * 1024));
  assert.equal(cache.size, 1);
  cache.set("large", entry(1));
  cache.set("small", entry(1));
  assert.equal(cache.size, 2);
});

test("a cache for no tokens remembers none", async () => {
  const cache = new TokenCache(0);
  cache.set("k", { identity: await identity(), from: 0, until: 10, length: 1 });
  assert.equal(cache.get("k", 1), undefined);
});
