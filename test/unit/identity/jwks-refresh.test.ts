import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { keyPair, Proving } from "../../support/issuer.ts";
import { type KeyServer, publishing, startKeyServer } from "../../support/key-server.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const [first, second] = [keyPair("EdDSA", "first"), keyPair("EdDSA", "second")];

async function published(context: TestContext, settings: { readonly [setting: string]: unknown } = {}) {
  const server = await startKeyServer();
  context.after(() => server.close());
  server.serve(publishing([first.publicPem], { etag: '"one"' }));
  const proving = Proving.for(context, { keys: { jwksUrl: `${server.url}/jwks` }, ...settings });
  return { server, proving };
}

const down = (server: KeyServer) => server.serve((request) => request.socket.destroy());

test("keys are fetched at the start, and tokens are verified with them", async (context) => {
  const { proving, server } = await published(context);
  assert.equal(proving.verifier.ready(), false);
  await proving.verifier.start();
  assert.equal(proving.verifier.ready(), true);
  assert.equal(await proving.outcome(proving.token(first)), "test:ann");
  assert.equal(server.requests.length, 1);
  assert.deepEqual(proving.events, [{ event: "keys.loaded.v1", issuer: "test", keys: 1 }]);
});

test("keys are refreshed after their max-age, and an unchanged set is not sent again", async (context) => {
  const { proving, server } = await published(context);
  server.serve(publishing([first.publicPem], { etag: '"one"', "cache-control": "public, max-age=120" }));
  await proving.verifier.start();
  proving.clock.advance(119 * SECOND);
  assert.equal(server.requests.length, 1);
  server.serve((_, response) => response.writeHead(304, { "cache-control": "max-age=60" }).end());
  proving.clock.advance(SECOND);
  await proving.reported("keys.loaded.v1", 2);
  assert.equal(server.requests[1]?.headers["if-none-match"], '"one"');
  assert.equal(await proving.outcome(proving.token(first)), "test:ann");
  proving.clock.advance(60 * SECOND);
  await proving.reported("keys.loaded.v1", 3);
  assert.equal(proving.changes, 1);
});

for (const [control, age, expected] of [
  ["max-age=1", undefined, 30 * SECOND],
  ["no-store", undefined, 30 * SECOND],
  ["max-age=86400", undefined, 15 * MINUTE],
  ["max-age=120", "60", 60 * SECOND],
  [undefined, undefined, 5 * MINUTE],
] as const) {
  test(`with cache-control ${control} and age ${age} keys are refreshed after ${expected / SECOND} s`, async (context) => {
    const { proving, server } = await published(context);
    const headers = {
      ...(control === undefined ? {} : { "cache-control": control }),
      ...(age === undefined ? {} : { age }),
    };
    server.serve(publishing([first.publicPem], headers));
    await proving.verifier.start();
    proving.clock.advance(expected - 1);
    assert.equal(server.requests.length, 1);
    proving.clock.advance(1);
    await proving.reported("keys.loaded.v1", 2);
  });
}

test("a token signed with a new key makes Postern look for it, and the old key goes", async (context) => {
  const { proving, server } = await published(context);
  await proving.verifier.start();
  const old = await proving.verify(proving.token(first));
  assert.equal(old.kind, "identity");
  server.serve(publishing([second.publicPem]));
  proving.clock.advance(30 * SECOND);
  assert.equal(await proving.outcome(proving.token(second)), "test:ann");
  assert.equal(await proving.outcome(proving.token(first)), "identity/no-key");
  assert.equal(proving.verifier.trusts(old.identity.proof), false);
  assert.equal(proving.changes, 2);
});

test("attack 11: a flood of unknown key ids causes one fetch in 30 seconds", async (context) => {
  const { proving, server } = await published(context);
  await proving.verifier.start();
  const stranger = (n: number) => proving.token(keyPair("EdDSA", `stranger ${n % 5}`));
  for (let n = 0; n < 50; n += 1) assert.equal(await proving.outcome(stranger(n)), "identity/no-key");
  assert.equal(server.requests.length, 1);
  proving.clock.advance(30 * SECOND);
  const codes = await Promise.all(Array.from({ length: 50 }, (_, n) => proving.outcome(stranger(n))));
  assert.deepEqual([...new Set(codes)], ["identity/no-key"]);
  assert.equal(server.requests.length, 2);
});

test("a key id that was looked for in vain is not looked for again for five minutes", async (context) => {
  const { proving, server } = await published(context);
  server.serve(publishing([first.publicPem], { "cache-control": "max-age=3600" }));
  await proving.verifier.start();
  proving.clock.advance(30 * SECOND);
  const stranger = proving.token(second);
  assert.equal(await proving.outcome(stranger), "identity/no-key");
  assert.equal(server.requests.length, 2);
  proving.clock.advance(MINUTE);
  assert.equal(await proving.outcome(stranger), "identity/no-key");
  assert.equal(server.requests.length, 2);
  proving.clock.advance(4 * MINUTE);
  assert.equal(await proving.outcome(stranger), "identity/no-key");
  assert.equal(server.requests.length, 3);
});

test("a key id is looked for again when the first look failed", async (context) => {
  const { proving, server } = await published(context);
  await proving.verifier.start();
  down(server);
  proving.clock.advance(30 * SECOND);
  assert.equal(await proving.outcome(proving.token(second)), "identity/no-key");
  server.serve(publishing([first.publicPem, second.publicPem]));
  proving.clock.advance(30 * SECOND);
  assert.equal(await proving.outcome(proving.token(second)), "test:ann");
});

test("logins that wait for the same fetch cause one request", async (context) => {
  const { proving, server } = await published(context);
  await Promise.all([
    proving.verifier.start(),
    ...Array.from({ length: 20 }, async () =>
      assert.equal(await proving.outcome(proving.token(first)), "test:ann"),
    ),
  ]);
  assert.equal(server.requests.length, 1);
});

test("during an outage the old keys are used for as long as maxStale says, then no more", async (context) => {
  const { proving, server } = await published(context, { fetch: { maxStale: "10m" } });
  await proving.verifier.start();
  const token = proving.token(first);
  down(server);
  proving.clock.advance(5 * MINUTE);
  await proving.reported("keys.failed.v1", 1);
  const failed = proving.events.at(-1);
  assert.ok(failed?.event === "keys.failed.v1");
  assert.equal(failed.ageMs, 5 * MINUTE);
  assert.equal(await proving.outcome(token), "test:ann");
  proving.clock.advance(10 * MINUTE - 1);
  assert.equal(await proving.outcome(token), "test:ann");
  proving.clock.advance(1);
  assert.equal(await proving.outcome(token), "identity/keys-unavailable");
  assert.equal(proving.verifier.ready(), false);
});

test("after an outage the keys are back by themselves", async (context) => {
  const { proving, server } = await published(context, { fetch: { maxStale: "1m" } });
  down(server);
  await proving.verifier.start();
  assert.equal(await proving.outcome(proving.token(first)), "identity/keys-unavailable");
  server.serve(publishing([first.publicPem]));
  proving.clock.advance(30 * SECOND);
  await proving.reported("keys.loaded.v1", 1);
  assert.equal(await proving.outcome(proving.token(first)), "test:ann");
});

test("when keys come back in time, the outage is forgotten", async (context) => {
  const { proving, server } = await published(context, { fetch: { maxStale: "1m" } });
  await proving.verifier.start();
  down(server);
  proving.clock.advance(5 * MINUTE);
  await proving.reported("keys.failed.v1", 1);
  server.serve(publishing([first.publicPem]));
  proving.clock.advance(30 * SECOND);
  await proving.reported("keys.loaded.v1", 2);
  proving.clock.advance(4 * MINUTE);
  assert.equal(await proving.outcome(proving.token(first)), "test:ann");
});

test("a closed verifier fetches no more and leaves no timer", async (context) => {
  const { proving, server } = await published(context);
  await proving.verifier.start();
  proving.verifier.close();
  assert.equal(proving.clock.pending, 0);
  assert.equal(await proving.outcome(proving.token(second)), "identity/keys-unavailable");
  assert.equal(server.requests.length, 1);
});

test("closing during a fetch ends it", async (context) => {
  const { proving, server } = await published(context);
  server.serve(() => {});
  const started = proving.verifier.start();
  await server.request(1);
  proving.verifier.close();
  await started;
  assert.equal(proving.clock.pending, 0);
  assert.deepEqual(proving.events, []);
});
