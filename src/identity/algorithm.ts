/**
 * The signature algorithms (RFC 7518 §3.1, RFC 8037) on top of the runtime's own cryptography. Everything that touches
 * a primitive is in this file, so that another library could take its place.
 */
import { constants, createHmac, type KeyObject, sign as signWith, verify as verifyWith } from "node:crypto";
import { equalInConstantTime } from "../base/secret.ts";
import type { Algorithm } from "../config/schema.ts";

type Hash = "sha256" | "sha384" | "sha512";

/** How an algorithm works: the kind of key it needs and its parameters. */
type Scheme =
  | { readonly kind: "ed25519" }
  | {
      readonly kind: "ecdsa";
      readonly curve: string;
      readonly hash: Hash;
      /** R and S, each as long as the curve's order (RFC 7518 §3.4). */
      readonly signatureBytes: number;
    }
  | {
      readonly kind: "rsa";
      readonly padding: "pkcs1" | "pss";
      readonly hash: Hash;
      readonly hashBytes: number;
    }
  | { readonly kind: "hmac"; readonly hash: Hash };

const ecdsa = (curve: string, hash: Hash, signatureBytes: number) =>
  ({ kind: "ecdsa", curve, hash, signatureBytes }) as const;
const rsa = (padding: "pkcs1" | "pss", hash: Hash, hashBytes: number) =>
  ({ kind: "rsa", padding, hash, hashBytes }) as const;

export const schemes: Readonly<Record<Algorithm, Scheme>> = {
  EdDSA: { kind: "ed25519" },
  ES256: ecdsa("P-256", "sha256", 64),
  ES384: ecdsa("P-384", "sha384", 96),
  ES512: ecdsa("P-521", "sha512", 132),
  RS256: rsa("pkcs1", "sha256", 32),
  RS384: rsa("pkcs1", "sha384", 48),
  RS512: rsa("pkcs1", "sha512", 64),
  PS256: rsa("pss", "sha256", 32),
  PS384: rsa("pss", "sha384", 48),
  PS512: rsa("pss", "sha512", 64),
  HS256: { kind: "hmac", hash: "sha256" },
  HS384: { kind: "hmac", hash: "sha384" },
  HS512: { kind: "hmac", hash: "sha512" },
};

export const rsaAlgorithms = (Object.keys(schemes) as Algorithm[]).filter(
  (name) => schemes[name].kind === "rsa",
);

/**
 * The algorithm that a header or a JWK names, or undefined. Names are compared exactly: `None`, `es256` are unknown.
 * `Ed25519` (RFC 9864) is the newer name of what RFC 8037 calls `EdDSA` with an Ed25519 key; both are taken.
 */
export function parseAlgorithm(name: unknown): Algorithm | undefined {
  if (name === "Ed25519") return "EdDSA";
  return typeof name === "string" && Object.hasOwn(schemes, name) ? (name as Algorithm) : undefined;
}

/** Whether `signature` is `key`'s over `data`. Never throws because of `data` or `signature`. */
export function verifySignature(
  algorithm: Algorithm,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const scheme = schemes[algorithm];
  switch (scheme.kind) {
    case "ed25519":
      return signature.length === 64 && verifyWith(null, data, key, signature);
    case "ecdsa":
      return (
        signature.length === scheme.signatureBytes &&
        verifyWith(scheme.hash, data, { key, dsaEncoding: "ieee-p1363" }, signature)
      );
    case "rsa":
      return (
        signature.length === modulusBytes(key) &&
        verifyWith(scheme.hash, data, { key, ...rsaPadding(scheme) }, signature)
      );
    case "hmac":
      return equalInConstantTime(createHmac(scheme.hash, key).update(data).digest(), signature);
    default:
      return scheme satisfies never;
  }
}

/** Signs `data`. For minting only; verification never comes here. */
export function createSignature(algorithm: Algorithm, key: KeyObject, data: Uint8Array): Buffer {
  const scheme = schemes[algorithm];
  switch (scheme.kind) {
    case "ed25519":
      return signWith(null, data, key);
    case "ecdsa":
      return signWith(scheme.hash, data, { key, dsaEncoding: "ieee-p1363" });
    case "rsa":
      return signWith(scheme.hash, data, { key, ...rsaPadding(scheme) });
    case "hmac":
      return createHmac(scheme.hash, key).update(data).digest();
    default:
      return scheme satisfies never;
  }
}

/** RFC 7518 §3.5: the PSS salt is as long as the hash. A longer or shorter one is another algorithm. */
function rsaPadding(scheme: Extract<Scheme, { kind: "rsa" }>) {
  return scheme.padding === "pkcs1"
    ? { padding: constants.RSA_PKCS1_PADDING }
    : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: scheme.hashBytes };
}

function modulusBytes(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
}
