import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Secret } from "../../../../../src/base/secret.ts";
import { noTrace } from "../../../../../src/base/trace.ts";
import { loadPostgrest } from "../../../../../src/config/compat/postgrest/load.ts";
import { faultText } from "../../../../../src/config/errors.ts";
import { mintToken, newKeyPair, publicJwk } from "../../../../../src/identity/mint.ts";
import { createVerifier } from "../../../../../src/identity/token-verifier.ts";
import { VirtualClock } from "../../../../support/clock.ts";
import { directoryWith } from "../../../../support/config-files.ts";
import { testFeature } from "../../../../support/feature.ts";

const clock = new VirtualClock();
const now = clock.now() / 1000;
const exp = now + 60;
const pair = newKeyPair("ES256");
const jwk = publicJwk(pair.publicPem);
const SHARED = Buffer.from("0123456789abcdef0123456789abcdef");
const BINARY = Buffer.from(Array.from({ length: 40 }, (_, index) => 255 - index));

function hmac(bits: 256 | 384 | 512, secret: Buffer, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${part({ alg: `HS${bits}`, typ: "JWT" })}.${part(claims)}`;
  return `${input}.${createHmac(`sha${bits}`, secret).update(input).digest("base64url")}`;
}
const hs256 = (secret: Buffer, claims: object) => hmac(256, secret, claims);

/** Whether PostgREST's settings let a token in. */
async function takes(settings: Readonly<Record<string, string>>, token: string): Promise<string> {
  const env = { PGRST_DB_URI: "postgres://me@localhost/app", ...settings };
  const loaded = loadPostgrest({ env });
  if (loaded.kind === "faults") return loaded.faults.map(faultText).join("\n");
  const verifier = createVerifier(loaded.config.issuers, { clock, observe: () => {} });
  await verifier.start();
  const verified = await verifier.verify(new Secret(token), undefined, noTrace);
  verifier.close();
  return verified.kind === "identity" ? "taken" : verified.code;
}

const web = { role: "web", exp };
const signed = (claims: Parameters<typeof mintToken>[1] = web) =>
  mintToken(pair.privatePem, claims, { kid: jwk.kid });
const secretJwk = { kty: "oct", k: SHARED.toString("base64url"), alg: "HS256" };

const TAKEN: Readonly<Record<string, readonly [Readonly<Record<string, string>>, string]>> = {
  "a secret of text": [{ PGRST_JWT_SECRET: SHARED.toString() }, hs256(SHARED, web)],
  "a secret in base64": [
    { PGRST_JWT_SECRET: BINARY.toString("base64"), PGRST_JWT_SECRET_IS_BASE64: "true" },
    hs256(BINARY, web),
  ],
  "a secret in base64url": [
    { PGRST_JWT_SECRET: BINARY.toString("base64url"), PGRST_JWT_SECRET_IS_BASE64: "true" },
    hs256(BINARY, web),
  ],
  "a public key as a JWK": [{ PGRST_JWT_SECRET: JSON.stringify(jwk) }, signed()],
  "a JWK Set": [{ PGRST_JWT_SECRET: JSON.stringify({ keys: [jwk] }) }, signed()],
  "a JWK Set in base64": [
    {
      PGRST_JWT_SECRET: Buffer.from(JSON.stringify({ keys: [jwk] })).toString("base64"),
      PGRST_JWT_SECRET_IS_BASE64: "true",
    },
    signed(),
  ],
  "a shared key as a JWK": [{ PGRST_JWT_SECRET: JSON.stringify(secretJwk) }, hs256(SHARED, web)],
  "a shared key beside public ones": [
    { PGRST_JWT_SECRET: JSON.stringify({ keys: [jwk, secretJwk] }) },
    hs256(SHARED, web),
  ],
  "a public key beside a shared one": [
    { PGRST_JWT_SECRET: JSON.stringify({ keys: [secretJwk, jwk] }) },
    signed(),
  ],
  "a token without an audience where one is set": [
    { PGRST_JWT_SECRET: JSON.stringify(jwk), PGRST_JWT_AUD: "api" },
    signed(),
  ],
  "a token for one of several audiences": [
    { PGRST_JWT_SECRET: JSON.stringify(jwk), PGRST_JWT_AUD: "api" },
    signed({ ...web, aud: ["web", "api"] }),
  ],
};

for (const [name, [settings, token]] of Object.entries(TAKEN)) {
  testFeature({ feature: "auth.jwt-secret" }, `a token is taken by jwt-secret: ${name}`, async () => {
    assert.equal(await takes(settings, token), "taken");
  });
}

const { kid: _, ...nameless } = jwk;
for (const [name, key, outcome] of [
  ["the key of that name", jwk, "taken"],
  ["a key without a name", nameless, "taken"],
  ["a key of another name", { ...jwk, kid: "another" }, "identity/no-key"],
] as const)
  testFeature(
    { feature: "auth.kid" },
    `a token with \`kid\` is tried against ${name}: ${outcome}`,
    async () => {
      assert.equal(await takes({ PGRST_JWT_SECRET: JSON.stringify({ keys: [key] }) }, signed()), outcome);
    },
  );

testFeature({ feature: "auth.audience" }, "a token for another audience is refused", async () => {
  const settings = { PGRST_JWT_SECRET: JSON.stringify(jwk), PGRST_JWT_AUD: "api" };
  assert.equal(await takes(settings, signed({ ...web, aud: "web" })), "identity/audience");
});

testFeature({ feature: "auth.expiry" }, "a token that never ends is refused", async () => {
  assert.equal(
    await takes({ PGRST_JWT_SECRET: JSON.stringify(jwk) }, signed({ role: "web" })),
    "identity/claims",
  );
});

for (const [name, claims, outcome] of [
  ["begins 30 seconds from now", { nbf: now + 30 }, "taken"],
  ["begins later", { nbf: now + 31 }, "identity/not-yet-valid"],
  ["is issued 30 seconds from now", { iat: now + 30 }, "taken"],
  ["is issued later", { iat: now + 31 }, "identity/not-yet-valid"],
  ["ended this second", { exp: now }, "identity/expired"],
] as const)
  testFeature({ feature: "auth.clock-skew" }, `a token that ${name}: ${outcome}`, async () => {
    assert.equal(
      await takes({ PGRST_JWT_SECRET: JSON.stringify(jwk) }, signed({ ...web, ...claims })),
      outcome,
    );
  });

for (const [name, content] of [
  ["text with a newline at its end", Buffer.from(`${SHARED.toString()}\n`)],
  ["bytes that are no text", BINARY],
] as const) {
  testFeature({ feature: "start.secret-file" }, `jwt-secret may be @file: ${name}`, async (t) => {
    const file = join(directoryWith(t), "secret");
    writeFileSync(file, content, { mode: 0o600 });
    const key = name.startsWith("text") ? SHARED : BINARY;
    assert.equal(await takes({ PGRST_JWT_SECRET: `@${file}` }, hs256(key, web)), "taken");
    const loaded = loadPostgrest({
      env: { PGRST_DB_URI: "postgres://me@localhost/app", PGRST_JWT_SECRET: `@${file}` },
    });
    assert.ok(loaded.kind === "ok");
    assert.deepEqual(loaded.files, [file]);
  });
}

testFeature({ feature: "start.db-uri-file" }, "db-uri may be @file", (t) => {
  const directory = directoryWith(t, { uri: "postgres://me:hunter2@db/app\n" });
  const loaded = loadPostgrest({
    env: { PGRST_DB_URI: `@${join(directory, "uri")}`, PGRST_DB_ANON_ROLE: "anon" },
  });
  assert.ok(loaded.kind === "ok");
  assert.equal(loaded.config.doors.rest?.database, "app");
});

const oct = (bytes: number, alg?: string) => {
  const k = Buffer.alloc(bytes, "k").toString("base64url");
  return { PGRST_JWT_SECRET: JSON.stringify({ kty: "oct", k, alg }) };
};

for (const [name, settings, bytes, taken] of [
  ["of text is for HS256", { PGRST_JWT_SECRET: "k".repeat(64) }, 64, [256]],
  ["in a JWK for HS384 is for that", oct(64, "HS384"), 64, [384]],
  ["in a JWK for HS512 is for that", oct(64, "HS512"), 64, [512]],
  ["in a JWK without alg is for all of them", oct(64), 64, [256, 384, 512]],
  ["in a JWK without alg is for none that wants a longer one", oct(47), 47, [256]],
] as const)
  testFeature({ feature: "auth.jwt-secret" }, `a shared secret ${name}`, async () => {
    for (const bits of [256, 384, 512] as const)
      assert.equal(
        await takes(settings, hmac(bits, Buffer.alloc(bytes, "k"), web)),
        taken.some((one) => one === bits) ? "taken" : "identity/algorithm",
        `HS${bits}`,
      );
  });

const REFUSED: Readonly<Record<string, readonly [string, string]>> = {
  "a key in PEM": [pair.publicPem, "is a key in PEM; write it as a JWK"],
  "JSON that is no key": ['{"a": 1}', "is neither a JWK nor a JWK Set"],
  "broken JSON": ["{ keys: [", "is neither a JWK nor a JWK Set"],
  "a set without keys": ['{"keys": []}', "is a JWK Set without keys"],
  "a shared key that is short": ['{"kty":"oct","k":"c2hvcnQ"}', "has a shared key of less than 32 bytes"],
  "a shared key for an algorithm of key pairs": [
    JSON.stringify({ ...secretJwk, alg: "RS256" }),
    "has a shared key whose alg is none of HS256, HS384, HS512",
  ],
  "a shared key that is short for its algorithm": [
    JSON.stringify({ ...secretJwk, alg: "HS512" }),
    "has a shared key of less than 64 bytes",
  ],
  "a shared key that is not base64url": [
    '{"kty":"oct","k":"a b"}',
    "has a shared key whose k is not base64url",
  ],
};

for (const [name, [secret, wanted]] of Object.entries(REFUSED)) {
  test(`jwt-secret is refused: ${name}`, async () => {
    const message = await takes({ PGRST_JWT_SECRET: secret }, "");
    assert.ok(message.startsWith(`environment PGRST_JWT_SECRET: jwt-secret: ${wanted}`), message);
  });
}
