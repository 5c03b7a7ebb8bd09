import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { keyPair, Proving } from "../../support/issuer.ts";
import { json, publishing, startKeyServer } from "../../support/key-server.ts";

const good = keyPair("EdDSA", "first");
const WELL_KNOWN = "/.well-known/openid-configuration";

async function provider(
  context: TestContext,
  documentOf: (url: string) => unknown,
  { path = "", fetch = {} }: { path?: string; fetch?: object } = {},
) {
  const server = await startKeyServer();
  context.after(() => server.close());
  const issuer = `${server.url}${path}`;
  server.serve((request, response) => {
    const handler = request.url?.endsWith(WELL_KNOWN)
      ? json(documentOf(server.url))
      : publishing([good.publicPem]);
    handler(request, response);
  });
  const proving = Proving.for(context, { issuer, keys: { discovery: true }, fetch });
  return { server, issuer, proving };
}

for (const [what, path, asked] of [
  ["at the root", "", WELL_KNOWN],
  ["with a path", "/realms/one", `/realms/one${WELL_KNOWN}`],
  ["with a slash at its end", "/tenant/", `/tenant${WELL_KNOWN}`],
] as const) {
  test(`the keys of an issuer ${what} are found by discovery`, async (context) => {
    const { server, issuer, proving } = await provider(
      context,
      (url) => ({ issuer: `${url}${path}`, jwks_uri: `${url}/keys` }),
      { path },
    );
    await proving.verifier.start();
    assert.equal(await proving.outcome(proving.token(good, { iss: issuer })), `${issuer}:ann`);
    assert.deepEqual(
      server.requests.map(({ url }) => url),
      [asked, "/keys"],
    );
  });
}

for (const [what, documentOf, reason] of [
  [
    "names another issuer",
    (url: string) => ({ issuer: "https://other.test", jwks_uri: `${url}/keys` }),
    /of another issuer/,
  ],
  [
    "names the issuer with one slash more",
    (url: string) => ({ issuer: `${url}/`, jwks_uri: `${url}/keys` }),
    /of another issuer/,
  ],
  ["names no issuer", (url: string) => ({ jwks_uri: `${url}/keys` }), /of another issuer/],
  ["has no jwks_uri", (url: string) => ({ issuer: url }), /no usable `jwks_uri`/],
  [
    "has a jwks_uri that is no URL",
    (url: string) => ({ issuer: url, jwks_uri: "/keys" }),
    /no usable `jwks_uri`/,
  ],
  [
    "leads to plain http elsewhere",
    (url: string) => ({ issuer: url, jwks_uri: "http://198.51.100.1/" }),
    /https only/,
  ],
  ["leads to a file", (url: string) => ({ issuer: url, jwks_uri: "file:///etc/passwd" }), /https only/],
] as const) {
  test(`attack 11: a discovery document that ${what} is refused`, async (context) => {
    const { proving, server } = await provider(context, documentOf);
    await proving.verifier.start();
    assert.match(proving.detail("keys.failed.v1"), reason);
    assert.equal(proving.verifier.ready(), false);
    assert.equal(server.requests.length, 1);
  });
}

test("discovery is repeated after an hour, and at once when the keys cannot be fetched", async (context) => {
  let keysAt = "/keys";
  const { proving, server } = await provider(context, (url) => ({ issuer: url, jwks_uri: url + keysAt }));
  await proving.verifier.start();
  const asked = () => server.requests.map(({ url }) => url);
  for (let n = 2; n <= 12; n += 1) {
    proving.clock.advance(5 * 60_000);
    await proving.reported("keys.loaded.v1", n);
  }
  assert.equal(asked().filter((url) => url === WELL_KNOWN).length, 1);
  keysAt = "/moved";
  proving.clock.advance(5 * 60_000);
  await proving.reported("keys.loaded.v1", 13);
  assert.deepEqual(asked().slice(-2), [WELL_KNOWN, "/moved"]);
});

test("the bearer token goes to the issuer's own host only", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "postern-keys-"));
  context.after(() => rm(directory, { recursive: true }));
  const bearerFile = join(directory, "token");
  await writeFile(bearerFile, "pod");
  const elsewhere = await startKeyServer();
  context.after(() => elsewhere.close());
  elsewhere.serve(publishing([good.publicPem]));
  const { proving, server } = await provider(
    context,
    (url) => ({ issuer: url, jwks_uri: `${elsewhere.url}/keys` }),
    { fetch: { bearerFile } },
  );
  await proving.verifier.start();
  assert.equal(proving.verifier.ready(), true);
  assert.equal(server.requests[0]?.headers.authorization, "Bearer pod");
  assert.equal(elsewhere.requests[0]?.headers.authorization, undefined);
});
