import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createAuthority } from "../../../src/demo/authority.ts";
import { publicJwk } from "../../../src/identity/mint.ts";
import { keyPair, Proving } from "../../support/issuer.ts";
import { json, type KeyServer, publishing, startKeyServer } from "../../support/key-server.ts";

type Settings = { readonly [setting: string]: unknown };

const good = keyPair("EdDSA", "first");

async function served(context: TestContext, tls?: { cert: string; key: string }): Promise<KeyServer> {
  const server = await startKeyServer(tls);
  context.after(() => server.close());
  return server;
}

function proving(context: TestContext, url: string, fetch: Settings = {}): Proving {
  return Proving.for(context, { keys: { jwksUrl: url }, fetch });
}

async function directory(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "postern-keys-"));
  context.after(() => rm(path, { recursive: true }));
  return path;
}

/** Faulty answers → what the log says. None of them may bring a key in or take one away. */
const faultyAnswers: readonly (readonly [string, Parameters<KeyServer["serve"]>[0], RegExp])[] = [
  ["an error", (_, r) => r.writeHead(500).end("{}"), /answered 500/],
  ["not found", (_, r) => r.writeHead(404).end("{}"), /answered 404/],
  ["a redirect", (_, r) => r.writeHead(302, { location: "/jwks" }).end(), /redirects are not followed/],
  ["a permanent redirect", (_, r) => r.writeHead(308, { location: "/jwks" }).end(), /redirects are not/],
  ["304 although nothing was known", (_, r) => r.writeHead(304).end(), /answered 304/],
  ["a body over 64 KiB", (_, r) => r.writeHead(200).end(" ".repeat(65_537)), /larger than 65536 bytes/],
  [
    "an endless body",
    (_, r) => {
      r.writeHead(200);
      const more = () => {
        while (!r.destroyed && r.write(" ".repeat(10_000)));
      };
      r.on("drain", more);
      more();
    },
    /larger than 65536 bytes/,
  ],
  [
    "a body that is cut off",
    (q, r) => {
      r.writeHead(200, { "content-length": "1000" });
      r.write('{"keys":[', () => q.socket.destroy());
    },
    /cut off|aborted|hang up|reset|closed/i,
  ],
  ["HTML", (_, r) => r.end("<html>"), /not JSON/],
  ["a list", json([]), /not a JSON object/],
  ["no list of keys", json({ keys: {} }), /no list `keys`/],
  ["an empty set", json({ keys: [] }), /no usable key/],
  ["duplicate members", (_, r) => r.end('{"keys":[],"keys":[]}'), /duplicate member/],
  ["65 keys", json({ keys: Array(65).fill({}) }), /at most 64/],
  ["members that are not objects", json({ keys: [null, 1, "x", []] }), /key 0 is not an object/],
  ["an HMAC key only", json({ keys: [{ kty: "oct", k: "c2VjcmV0", alg: "HS256" }] }), /symmetric key/],
];

for (const [what, handler, reason] of faultyAnswers) {
  test(`attack 11: a key server that answers with ${what} changes nothing`, async (context) => {
    const server = await served(context);
    const { url } = server;
    const fresh = proving(context, url);
    const loaded = proving(context, url);
    server.serve(publishing([good.publicPem]));
    await loaded.verifier.start();
    server.serve(handler);
    await fresh.verifier.start();
    assert.match(fresh.detail("keys.failed.v1"), reason);
    assert.equal(await fresh.outcome(fresh.token(good)), "identity/keys-unavailable");
    loaded.clock.advance(5 * 60_000);
    await loaded.reported("keys.failed.v1", 1);
    assert.equal(await loaded.outcome(loaded.token(good)), "test:ann");
    assert.equal(loaded.changes, 1);
  });
}

test("after a bad document the next one is asked for whole", async (context) => {
  const server = await served(context);
  const world = proving(context, server.url);
  server.serve(publishing([good.publicPem], { etag: '"good"' }));
  await world.verifier.start();
  server.serve(json({ keys: [] }, { etag: '"bad"' }));
  world.clock.advance(5 * 60_000);
  await world.reported("keys.failed.v1", 1);
  world.clock.advance(30_000);
  await world.reported("keys.failed.v1", 2);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers["if-none-match"]),
    [undefined, '"good"', undefined],
  );
});

test("attack 11: a server that never answers is given up after 5 seconds", async (context) => {
  const server = await served(context);
  server.serve(() => {});
  const slow = proving(context, server.url);
  const started = slow.verifier.start();
  await server.request(1);
  slow.clock.advance(4999);
  assert.equal(slow.count("keys.failed.v1"), 0);
  slow.clock.advance(1);
  await started;
  assert.match(slow.detail("keys.failed.v1"), /no whole answer within 5000 ms/);
});

test("attack 11: a body that trickles is given up after 5 seconds", async (context) => {
  const server = await served(context);
  server.serve((_, response) => void response.writeHead(200).write('{"keys":'));
  const slow = proving(context, server.url);
  const started = slow.verifier.start();
  await server.request(1);
  slow.clock.advance(5000);
  await started;
  assert.match(slow.detail("keys.failed.v1"), /no whole answer within 5000 ms/);
});

test("a server that does not even accept the connection is given up after 2 seconds", async (context) => {
  // It accepts TCP but never speaks TLS, which is part of connecting.
  const mute = createServer((socket) => void context.after(() => socket.destroy()));
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  context.after(() => mute.close());
  const { port } = mute.address() as { port: number };
  const slow = proving(context, `https://127.0.0.1:${port}/`);
  const connected = new Promise((resolve) => mute.once("connection", resolve));
  const started = slow.verifier.start();
  await connected;
  slow.clock.advance(2000);
  await started;
  assert.match(slow.detail("keys.failed.v1"), /no connection within 2000 ms/);
});

test("a server that is down is reported with the reason", async (context) => {
  const server = await startKeyServer();
  await server.close();
  const down = proving(context, server.url);
  await down.verifier.start();
  assert.match(down.detail("keys.failed.v1"), /ECONNREFUSED|refused|connect/i);
});

for (const [what, host] of [
  ["an IPv4 address", "127.0.0.1"],
  ["a name", "localhost"],
  ["IPv4 in another spelling", "0x7f.1"],
] as const) {
  test(`attack 11: private networks are refused when the URL has ${what}`, async (context) => {
    const server = await served(context);
    server.serve(publishing([good.publicPem]));
    const url = `${server.url.replace("127.0.0.1", host)}/`;
    const wary = proving(context, url, { refusePrivateNetworks: true });
    await wary.verifier.start();
    assert.match(wary.detail("keys.failed.v1"), /private address/);
    assert.equal(server.requests.length, 0);
  });
}

test("keys are fetched over TLS from a server that the CA file vouches for", async (context) => {
  const authority = await createAuthority();
  const server = await served(context, await authority.server(["127.0.0.1"]));
  server.serve(publishing([good.publicPem]));
  const caFile = join(await directory(context), "ca.pem");
  await writeFile(caFile, authority.cert);
  const trusting = proving(context, server.url, { caFile });
  await trusting.verifier.start();
  assert.equal(await trusting.outcome(trusting.token(good)), "test:ann");
});

test("attack 11: a server with a certificate of another CA or for another name is not believed", async (context) => {
  const [ours, theirs] = [await createAuthority(), await createAuthority("Somebody else")];
  const caFile = join(await directory(context), "ca.pem");
  await writeFile(caFile, ours.cert);
  for (const files of [await theirs.server(["127.0.0.1"]), await ours.server(["other.test"])]) {
    const server = await served(context, files);
    server.serve(publishing([good.publicPem]));
    const wary = proving(context, server.url, { caFile });
    await wary.verifier.start();
    assert.equal(wary.verifier.ready(), false);
    assert.match(wary.detail("keys.failed.v1"), /certificate|altnames|signed/i);
    assert.equal(server.requests.length, 0);
  }
});

test("the bearer token of the file is sent, and read anew each time", async (context) => {
  const server = await served(context);
  server.serve(publishing([good.publicPem]));
  const bearerFile = join(await directory(context), "token");
  await writeFile(bearerFile, "first\n");
  const pod = proving(context, server.url, { bearerFile });
  await pod.verifier.start();
  await writeFile(bearerFile, "second\n");
  pod.clock.advance(5 * 60_000);
  await pod.reported("keys.loaded.v1", 2);
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    ["Bearer first", "Bearer second"],
  );
});

test("a missing bearer or CA file is reported and nothing is sent", async (context) => {
  const server = await served(context);
  for (const fetch of [{ bearerFile: "/nonexistent/token" }, { caFile: "/nonexistent/ca.pem" }]) {
    const pod = proving(context, server.url, fetch);
    await pod.verifier.start();
    assert.match(pod.detail("keys.failed.v1"), /ENOENT/);
  }
  assert.equal(server.requests.length, 0);
});

test("attack 11: wrong members of a published set are skipped with a reason, good ones are used", async (context) => {
  const server = await served(context);
  const { x } = publicJwk(keyPair("EdDSA", "second").publicPem);
  server.serve(
    json({
      keys: [
        null,
        { kty: "oct", k: "c2VjcmV0", kid: "hmac" },
        { kty: "OKP", crv: "Ed25519", x, d: x },
        { kty: "OKP", crv: "Ed25519", x: "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
        { kty: "RSA", use: "enc", n: "AQ", e: "AQ" },
        { kty: "RSA", n: "AQAB", e: "AQAB" },
        publicJwk(good.publicPem),
      ],
    }),
  );
  const mixed = proving(context, server.url);
  await mixed.verifier.start();
  assert.equal(await mixed.outcome(mixed.token(good)), "test:ann");
  assert.equal(mixed.detail("keys.skipped.v1").match(/key \d is/g)?.length, 5);
  assert.match(mixed.detail("keys.skipped.v1"), /key 3 is an Ed25519 key of small order/);
});
