import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { test } from "node:test";
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { KEY_ALGORITHMS, mintToken, newKeyPair, publicJwk } from "../../../src/identity/mint.ts";
import { Proving } from "../../support/issuer.ts";

/** jose is an independent implementation: what one signs, the other must accept. */
for (const alg of [
  "EdDSA",
  "Ed25519",
  "ES256",
  "ES384",
  "ES512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
]) {
  test(`a token that jose signed with ${alg} is accepted`, async () => {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const proving = new Proving({
      issuer: "https://peer.test",
      audience: ["db"],
      keys: { jwks: { keys: [{ ...(await exportJWK(publicKey)), alg, kid: "peer" }] } },
    });
    const sign = (key: typeof privateKey) =>
      new SignJWT({ groups: ["a"] })
        .setProtectedHeader({ alg, kid: "peer", typ: "JWT" })
        .setIssuer("https://peer.test")
        .setSubject("ann")
        .setAudience(["db"])
        .setIssuedAt(proving.clock.now() / 1000)
        .setExpirationTime(proving.clock.now() / 1000 + 60)
        .sign(key);
    assert.equal(await proving.outcome(await sign(privateKey)), "https://peer.test:ann");
    const other = await generateKeyPair(alg);
    assert.equal(await proving.outcome(await sign(other.privateKey)), "identity/signature");
  });
}

test("a token that jose signed with HS256 is accepted where the issuer has that secret", async () => {
  const secret = "0123456789abcdef0123456789abcdef";
  const proving = new Proving({ keys: { secret } });
  const token = await new SignJWT({ sub: "ann", exp: proving.clock.now() / 1000 + 60 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(Buffer.from(secret));
  assert.equal(await proving.outcome(token), "test:ann");
});

for (const algorithm of KEY_ALGORITHMS) {
  test(`jose accepts a token that Postern minted with ${algorithm}, and the JWK it publishes`, async () => {
    const { privatePem, publicPem } = newKeyPair(algorithm);
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = mintToken(privatePem, { sub: "ann", exp });
    const { payload, protectedHeader } = await jwtVerify(token, createPublicKey(publicPem));
    assert.deepEqual(payload, { sub: "ann", exp });
    const jwk = publicJwk(publicPem);
    assert.deepEqual(protectedHeader, { alg: algorithm, typ: "JWT", kid: jwk.kid });
    assert.equal((await jwtVerify(token, jwk)).payload.sub, "ann");
    assert.deepEqual(publicJwk(privatePem), jwk);
    assert.ok(!("d" in jwk));
    assert.equal(createPrivateKey(privatePem).type, "private");
  });
}
