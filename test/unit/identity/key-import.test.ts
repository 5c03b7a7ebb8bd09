import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { importJwk, importPem, importSecret, splitPem } from "../../../src/identity/key-import.ts";
import { publicJwk } from "../../../src/identity/mint.ts";
import { keyPair } from "../../support/issuer.ts";

const ed = keyPair("EdDSA");
const jwk = publicJwk(ed.publicPem);
const ecJwk = publicJwk(keyPair("ES256").publicPem);
const { alg: _, ...rsaJwk } = publicJwk(keyPair("RS256").publicPem);
const curve = (namedCurve: string) =>
  generateKeyPairSync("ec", { namedCurve }).publicKey.export({ format: "jwk" }) as object;
/** The generator of the group (SEC 2 §2.4.1); BoringSSL does not know the curve. */
const secp256k1 = {
  kty: "EC",
  crv: "secp256k1",
  x: "eb5mfvncu6xVoGKVzocLBwKb_NstzijZWfKBWxb4F5g",
  y: "SDradyajxGVdpPv8DhEIqP0XtEimhVQZnEfQj_sQ1Lg",
};
const FAMILY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

const permitted: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["an Ed25519 key", jwk, ["EdDSA"]],
  ["an Ed25519 key that says Ed25519 (RFC 9864)", { ...jwk, alg: "Ed25519" }, ["EdDSA"]],
  ["a P-256 key without alg", { ...ecJwk, alg: undefined }, ["ES256"]],
  ["a P-384 key", curve("P-384"), ["ES384"]],
  ["a P-521 key", curve("P-521"), ["ES512"]],
  ["an RSA key without alg", rsaJwk, FAMILY],
  ["an RSA key with alg", { ...rsaJwk, alg: "PS384" }, ["PS384"]],
  ["a key for signatures", { ...jwk, use: "sig", key_ops: ["verify"] }, ["EdDSA"]],
  ["a key with members that nobody knows", { ...jwk, x5c: ["x"], custom: {} }, ["EdDSA"]],
];
for (const [what, key, algorithms] of permitted) {
  test(`a JWK: ${what} permits ${algorithms.join(", ")}`, () => {
    const imported = importJwk(key);
    assert.ok(!("fault" in imported), "fault" in imported ? imported.fault : "");
    assert.deepEqual(imported.algorithms, algorithms);
  });
}

const refused: readonly (readonly [string, unknown, RegExp, boolean])[] = [
  ["null", null, /not an object/, false],
  ["a list", [jwk], /not an object/, false],
  ["a text", JSON.stringify(jwk), /not an object/, false],
  ["a symmetric key", { kty: "oct", k: "AAAA" }, /symmetric/, false],
  ["a key with a symmetric part", { ...jwk, k: "AAAA" }, /symmetric/, false],
  ["a private key", { ...jwk, d: "AAAA" }, /private key/, false],
  ["an RSA key with one private part", { ...rsaJwk, qi: "AAAA" }, /private key/, false],
  ["a key for encryption", { ...rsaJwk, use: "enc" }, /not for verifying/, true],
  ["a key that may only sign", { ...jwk, key_ops: ["sign"] }, /not for verifying/, true],
  ["a key whose operations are a text", { ...jwk, key_ops: "verify" }, /not for verifying/, true],
  ["an RSA key for RSA-OAEP", { ...rsaJwk, alg: "RSA-OAEP" }, /not for verifying/, true],
  ["a kind of key that nobody knows", { kty: "AKP", pub: "AAAA" }, /not for verifying/, true],
  ["an EC key that says ES384", { ...ecJwk, alg: "ES384" }, /does not fit/, false],
  ["an EC key that says EdDSA", { ...ecJwk, alg: "EdDSA" }, /does not fit/, false],
  ["an Ed25519 key that says HS256", { ...jwk, alg: "HS256" }, /does not fit/, false],
  ["an EC key on secp256k1", secp256k1, /on a curve that none/, false],
  ["an X25519 key", { ...jwk, crv: "X25519", alg: undefined }, /not Ed25519/, false],
  ["an EC key off its curve", { ...ecJwk, y: ecJwk["x"] }, /not a usable key/, false],
  ["a key without its numbers", { kty: "RSA", e: "AQAB" }, /`n`/, false],
  ["padding in a number", { ...rsaJwk, e: "AQAB====" }, /`e`/, false],
  ["a number that is a number", { ...rsaJwk, e: 65537 }, /`e`/, false],
  ["a kid that is a number", { ...jwk, kid: 1 }, /`kid`/, false],
  ["a kid of 257 characters", { ...jwk, kid: "k".repeat(257) }, /`kid`/, false],
];
for (const [what, key, reason, ignored] of refused) {
  test(`a JWK: ${what} is ${ignored ? "left alone" : "refused"}`, () => {
    const imported = importJwk(key);
    assert.ok("fault" in imported);
    assert.match(imported.fault, reason);
    assert.equal(imported.ignored === true, ignored);
  });
}

const pkcs1 = (pem: string) => createPublicKey(pem).export({ format: "pem", type: "pkcs1" }).toString();
const pems: readonly (readonly [string, string, RegExp | undefined])[] = [
  ["a public key", ed.publicPem, undefined],
  ["a public key with blanks around it", `\n\t  ${ed.publicPem}  \n`, undefined],
  ["a public key with CRLF", ed.publicPem.replaceAll("\n", "\r\n"), undefined],
  ["a private key", ed.privatePem, /a private key; give its public half/],
  ["an encrypted private key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", /a private key/],
  ["an EC private key", "-----BEGIN EC PRIVATE KEY-----\n", /a private key/],
  ["a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", /openssl x509/],
  ["a PKCS #1 key", pkcs1(keyPair("RS256").publicPem), /a PUBLIC KEY \(SPKI\) is wanted/],
  ["two keys", ed.publicPem + ed.publicPem, /more than one key/],
  ["no key", "correct horse", /not PEM/],
  ["an empty text", "", /not PEM/],
  ["a broken key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", /not a usable public key/],
];
for (const [what, pem, reason] of pems) {
  test(`PEM: ${what} is ${reason === undefined ? "accepted" : "refused with what to do"}`, () => {
    const imported = importPem(pem);
    if (reason === undefined) assert.ok(!("fault" in imported));
    else assert.match("fault" in imported ? imported.fault : "accepted", reason);
  });
}

test("a PEM file may hold several keys, with text between them", () => {
  const other = keyPair("ES256").publicPem;
  const parts = splitPem(`# ours\n${ed.publicPem}\n# theirs\n${other}`);
  assert.deepEqual(
    parts.map((part) => part.trim()),
    [ed.publicPem.trim(), other.trim()],
  );
});

test("a shared secret has at least 32 bytes", () => {
  assert.ok("fault" in importSecret(Buffer.from("x".repeat(31))));
  const imported = importSecret(Buffer.from("x".repeat(32)));
  assert.ok(!("fault" in imported));
  assert.deepEqual(imported.algorithms, ["HS256"]);
});
