import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { importJwks } from "../../../src/identity/jwks.ts";
import { parseCompact } from "../../../src/identity/jws.ts";
import { importPem } from "../../../src/identity/key-import.ts";
import { KEY_ALGORITHMS, publicJwk } from "../../../src/identity/mint.ts";
import { base64url, ed25519, forge } from "../../support/forge.ts";
import { keyPair, Proving } from "../../support/issuer.ts";

const pairs = KEY_ALGORITHMS.map((algorithm) => keyPair(algorithm));
const proving = new Proving({ keys: { jwks: { keys: pairs.map(({ publicPem }) => publicJwk(publicPem)) } } });

test("no text makes the parser or the verifier throw, and none is accepted", async () => {
  const part = fc.oneof(
    fc.string(),
    fc.json().map((text) => base64url(text)),
    fc
      .dictionary(fc.constantFrom("alg", "kid", "typ", "crit", "jwk", "exp", "sub"), fc.jsonValue())
      .map((object) => base64url(JSON.stringify(object))),
    fc.uint8Array().map(base64url),
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(part, { maxLength: 6 }).map((parts) => parts.join(".")),
  );
  await fc.assert(
    fc.asyncProperty(text, async (token) => {
      const parsed = parseCompact(token);
      assert.ok(parsed.ok || parsed.detail.length > 0);
      assert.match(await proving.outcome(token), /^identity\//);
    }),
    { numRuns: 3000 },
  );
});

test("a signed token with any one place changed is refused", async () => {
  const tokens = pairs.map((pair) => proving.token(pair, { groups: ["a"] }));
  const change = fc.record({
    token: fc.constantFrom(...tokens),
    at: fc.nat(),
    remove: fc.nat({ max: 3 }),
    insert: fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom("A", "_", ".", "=", "\n")),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ token, at, remove, insert }) => {
      const place = at % token.length;
      const changed = token.slice(0, place) + insert + token.slice(place + remove);
      fc.pre(changed !== token);
      assert.match(await proving.outcome(changed), /^identity\//);
    }),
    { numRuns: 3000 },
  );
});

test("no claims make the verifier throw, whoever signed them", async () => {
  const [pair = keyPair()] = pairs;
  const exp = proving.clock.now() / 1000 + 60;
  const claim = fc.constantFrom("iss", "sub", "aud", "exp", "nbf", "iat", "groups", "email");
  await fc.assert(
    fc.asyncProperty(fc.dictionary(claim, fc.jsonValue()), fc.jsonValue(), async (claims, sub) => {
      const payload = { exp, sub, ...claims };
      const outcome = await proving.outcome(forge({ alg: "EdDSA" }, payload, ed25519(pair)));
      if (outcome.startsWith("identity/")) return;
      assert.ok(typeof payload.sub === "string" && payload.sub !== "");
      assert.ok(typeof payload.exp === "number");
    }),
    { numRuns: 3000 },
  );
});

test("nothing that is published as a key set makes the reader throw", () => {
  const member = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(
      fc.constantFrom("kty", "crv", "x", "y", "n", "e", "alg", "use", "kid", "key_ops"),
      fc.oneof(
        fc.jsonValue(),
        fc.constantFrom("RSA", "EC", "OKP", "P-256", "Ed25519", "AQAB", "sig", "ES256"),
      ),
    ),
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.record({ keys: fc.array(member) })), (document) => {
      const { keys, faults } = importJwks(document);
      assert.ok(keys.length > 0 || faults.length > 0);
    }),
    { numRuns: 3000 },
  );
  fc.assert(fc.property(fc.string(), (text) => "fault" in importPem(`-----BEGIN PUBLIC KEY-----${text}`)));
});
