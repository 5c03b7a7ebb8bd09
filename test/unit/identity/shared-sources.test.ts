import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Secret } from "../../../src/base/secret.ts";
import { noTrace } from "../../../src/base/trace.ts";
import type { Verifier } from "../../../src/identity/verifier.ts";
import { keyPair, Proving } from "../../support/issuer.ts";
import { publishing, startKeyServer } from "../../support/key-server.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const [first, second] = [keyPair("EdDSA", "first"), keyPair("EdDSA", "second")];

async function published(context: TestContext) {
  const server = await startKeyServer();
  context.after(() => server.close());
  server.serve(publishing([first.publicPem]));
  const issuer = { keys: { jwksUrl: `${server.url}/jwks` } };
  const proving = Proving.for(context, issuer);
  await proving.verifier.start();
  const outcomeBy = async (verifier: Verifier) => {
    const verified = await verifier.verify(new Secret(proving.token(first)), undefined, noTrace);
    return verified.kind === "identity" ? verified.identity.id : verified.code;
  };
  return { server, issuer, proving, outcomeBy };
}

const down = { serve: (request: { socket: { destroy(): void } }) => request.socket.destroy() };

test("a reload while the key URL is down keeps the keys, and the sessions that rest on them", async (context) => {
  const { server, issuer, proving, outcomeBy } = await published(context);
  const verified = await proving.verify(proving.token(first));
  assert.equal(verified.kind, "identity");
  server.serve(down.serve);
  proving.clock.advance(MINUTE);

  const next = await proving.reloaded(issuer);
  context.after(() => next.close());
  proving.verifier.close();
  assert.equal(next.ready(), true);
  assert.equal(await outcomeBy(next), "test:ann");
  assert.equal(verified.kind === "identity" && next.trusts(verified.identity.proof), true);
});

test("keys that were kept through a reload still run out with maxStale of the first failure", async (context) => {
  const { server, proving, issuer } = await published(context);
  server.serve(down.serve);
  proving.clock.advance(5 * MINUTE);
  await proving.reported("keys.failed.v1", 1);
  const next = await proving.reloaded(issuer);
  context.after(() => next.close());
  proving.verifier.close();
  proving.clock.advance(24 * 60 * MINUTE - SECOND);
  assert.equal(next.ready(), true);
  proving.clock.advance(SECOND);
  assert.equal(next.ready(), false);
});

test("a reload asks the key URL again, but not more often than every 30 s", async (context) => {
  const { server, issuer, proving } = await published(context);
  (await proving.reloaded(issuer)).close();
  assert.equal(server.requests.length, 1);
  proving.clock.advance(30 * SECOND);
  (await proving.reloaded(issuer)).close();
  assert.equal(server.requests.length, 2);
});

test("a key that the URL has withdrawn ends at a reload, for the verifier before as for the one after", async (context) => {
  const { server, issuer, proving, outcomeBy } = await published(context);
  proving.clock.advance(MINUTE);
  server.serve(publishing([second.publicPem]));
  const next = await proving.reloaded(issuer);
  context.after(() => next.close());
  for (const verifier of [proving.verifier, next]) assert.equal(await outcomeBy(verifier), "identity/no-key");
  assert.equal(proving.changes, 2);
});

test("another URL, other rules for fetching or another issuer's name start from nothing", async (context) => {
  const { server, issuer, proving } = await published(context);
  server.serve(down.serve);
  for (const settings of [
    { keys: { jwksUrl: `${server.url}/other` } },
    { ...issuer, fetch: { maxStale: "1h" } },
    { ...issuer, name: "renamed" },
  ]) {
    const next = await proving.reloaded(settings);
    assert.equal(next.ready(), false, JSON.stringify(settings));
    next.close();
  }
  assert.equal(proving.verifier.ready(), true);
});

test("nothing goes on once every verifier is closed, and a closed one is told nothing", async (context) => {
  const { server, issuer, proving } = await published(context);
  const next = await proving.reloaded(issuer);
  proving.verifier.close();
  proving.verifier.close();
  server.serve(publishing([second.publicPem]));
  proving.clock.advance(5 * MINUTE);
  await proving.reported("keys.loaded.v1", 2);
  assert.equal(proving.changes, 1);
  next.close();
  assert.equal(proving.clock.pending, 0);
});

test("a reload while a key file is half written keeps the keys", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "postern-keys-"));
  context.after(() => rm(directory, { recursive: true }));
  const path = join(directory, "keys.pem");
  await writeFile(path, first.publicPem);
  const issuer = { keys: { pemFiles: [path] } };
  const proving = Proving.for(context, issuer);
  await proving.verifier.start();
  await writeFile(path, first.publicPem.slice(0, 40));
  const next = await proving.reloaded(issuer);
  context.after(() => next.close());
  assert.equal(next.ready(), true);
  assert.equal(proving.count("keys.failed.v1"), 1);
});

test("a configuration that is refused for one issuer holds on to the keys of no other", async (context) => {
  const { issuer, proving } = await published(context);
  const broken = { name: "broken", keys: { pem: ["no key"] } };
  await assert.rejects(proving.reloaded(issuer, broken), { code: "identity/configuration" });
  proving.verifier.close();
  assert.equal(proving.clock.pending, 0);
});
