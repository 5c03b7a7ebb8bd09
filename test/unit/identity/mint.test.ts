import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectToken } from "../../../src/identity/inspect.ts";
import { mintToken, publicJwk } from "../../../src/identity/mint.ts";
import { keyPair } from "../../support/issuer.ts";

const { privatePem, publicPem } = keyPair("RS256");

test("an RSA key can sign with any algorithm of its family, and with no other", () => {
  const token = mintToken(privatePem, { sub: "ann" }, { algorithm: "PS512" });
  const content = inspectToken(token);
  assert.equal(content.verified, false);
  assert.equal(content.header["alg"], "PS512");
  assert.throws(() => mintToken(privatePem, {}, { algorithm: "ES256" }), {
    name: "TypeError",
    message: /cannot sign with ES256; it can with RS256/,
  });
  assert.equal(publicJwk(publicPem, "PS256").alg, "PS256");
});

test("type and key id can be chosen", () => {
  const content = inspectToken(mintToken(privatePem, {}, { type: "at+jwt", kid: "k1" }));
  assert.equal(content.verified, false);
  assert.deepEqual({ ...content.header }, { alg: "RS256", typ: "at+jwt", kid: "k1" });
});

test("inspecting a token shows its content and says that nothing was verified", () => {
  const content = inspectToken(mintToken(privatePem, { sub: "ann", exp: 1_800_000_000 }));
  assert.equal(content.verified, false);
  assert.deepEqual({ ...content.claims }, { sub: "ann", exp: 1_800_000_000 });
  assert.equal(content.expiresAt, 1_800_000_000_000);
});

test("inspecting something that is no token says why", () => {
  const content = inspectToken("password");
  assert.equal(content.verified, "malformed");
  assert.equal(content.code, "identity/malformed");
});
