import "reflect-metadata";
import assert from "node:assert/strict";
import { createHash, webcrypto } from "node:crypto";
import { test } from "node:test";
import * as x509 from "@peculiar/x509";
import { endPointHash } from "../../../src/upstream/end-point.ts";

x509.cryptoProvider.set(webcrypto as Crypto);

const RSA = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };

/** RFC 5929 §4.1: the hash of the certificate's own signature, SHA-256 in place of the broken ones. */
const cases: readonly {
  readonly algorithm: webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams | webcrypto.Algorithm;
  readonly hash?: string;
  readonly expected: string | undefined;
}[] = [
  { algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", ...RSA }, expected: "sha256" },
  { algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384", ...RSA }, expected: "sha384" },
  { algorithm: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1", ...RSA }, expected: "sha256" },
  { algorithm: { name: "ECDSA", namedCurve: "P-256" }, hash: "SHA-512", expected: "sha512" },
  { algorithm: { name: "Ed25519" }, expected: undefined },
];

for (const { algorithm, hash, expected } of cases) {
  const signed = `${algorithm.name} ${hash ?? ("hash" in algorithm ? algorithm.hash : "")}`.trim();
  test(`a certificate signed with ${signed} is bound by ${expected ?? "nothing"}`, async () => {
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
      "sign",
      "verify",
    ])) as webcrypto.CryptoKeyPair;
    const signingAlgorithm = { ...algorithm, ...(hash && { hash }) };
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: "CN=x",
      keys,
      signingAlgorithm,
    });
    const raw = Buffer.from(certificate.rawData);
    const wanted = expected === undefined ? undefined : createHash(expected).update(raw).digest();
    assert.deepEqual(endPointHash(raw), wanted);
  });
}

test("bytes that are no certificate bind nothing", () => {
  for (const bytes of ["", "30", "3003020101", "308400000000", "30ff", "3080", "300030003000"]) {
    assert.equal(endPointHash(Buffer.from(bytes, "hex")), undefined);
  }
});
