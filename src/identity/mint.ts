/**
 * Makes key pairs and signs tokens: for the command line, the demo and tests. No door and no decision uses this file,
 * and Postern keeps no private key of an issuer.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import type { Algorithm } from "../config/schema.ts";
import { createSignature } from "./algorithm.ts";
import { encodeBase64url } from "./base64url.ts";
import type { Json } from "./identity.ts";
import { algorithmsOf, thumbprint } from "./key-import.ts";

/** The kinds of key that `postern keys new` makes. */
export const KEY_ALGORITHMS = ["EdDSA", "ES256", "RS256"] as const;
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

/** 128-bit strength (NIST SP 800-57 part 1, table 2); 2048 bits are only enough until 2030. */
const RSA_BITS = 3072;

export interface KeyPair {
  /** PKCS #8 in PEM. Whoever has it can make anybody a token. */
  readonly privatePem: string;
  /** SPKI in PEM: what `keys.pem` of an issuer takes. */
  readonly publicPem: string;
}

/** A public key as a member of a JWK Set. */
export interface PublicJwk {
  readonly [member: string]: string | undefined;
  readonly kid: string;
  readonly alg: string;
  readonly use: "sig";
}

/** Makes a new key pair. */
export function newKeyPair(algorithm: KeyAlgorithm): KeyPair {
  const privateKey = newPrivateKey(algorithm);
  return {
    privatePem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    publicPem: createPublicKey(privateKey).export({ format: "pem", type: "spki" }).toString(),
  };
}

function newPrivateKey(algorithm: KeyAlgorithm): KeyObject {
  switch (algorithm) {
    case "EdDSA":
      return generateKeyPairSync("ed25519").privateKey;
    case "ES256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    case "RS256":
      return generateKeyPairSync("rsa", { modulusLength: RSA_BITS }).privateKey;
    default:
      return algorithm satisfies never;
  }
}

/**
 * The public JWK of a key in PEM, public or private; `kid` is its thumbprint (RFC 7638).
 * @throws TypeError when it is no key that tokens can be signed with
 */
export function publicJwk(pem: string, algorithm?: Algorithm): PublicJwk {
  const key = createPublicKey(pem);
  const { kty, crv, x, y, n, e } = key.export({ format: "jwk" });
  const members = Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(members),
    kid: thumbprint(key),
    alg: chooseAlgorithm(key, algorithm),
    use: "sig",
  };
}

export interface MintOptions {
  /** For an RSA key: RS256 unless given. Other keys have one algorithm. */
  readonly algorithm?: Algorithm | undefined;
  /** The `typ` header; `JWT` unless given. */
  readonly type?: string | undefined;
  /** The `kid` header; the key's thumbprint unless given. */
  readonly kid?: string | undefined;
}

/**
 * Signs a token.
 * @param privatePem a private key in PEM, unencrypted
 * @throws TypeError when the key cannot sign with the algorithm
 */
export function mintToken(
  privatePem: string,
  claims: { readonly [claim: string]: Json | undefined },
  options: MintOptions = {},
): string {
  const key = createPrivateKey(privatePem);
  const publicKey = createPublicKey(key);
  const alg = chooseAlgorithm(publicKey, options.algorithm);
  const header = { alg, typ: options.type ?? "JWT", kid: options.kid ?? thumbprint(publicKey) };
  const input = `${encodeJson(header)}.${encodeJson(claims)}`;
  return `${input}.${encodeBase64url(createSignature(alg, key, Buffer.from(input)))}`;
}

function chooseAlgorithm(key: KeyObject, wanted: Algorithm | undefined): Algorithm {
  const possible = algorithmsOf(key);
  if ("fault" in possible) throw new TypeError(`tokens cannot be signed with ${possible.fault}`);
  const [usual] = possible.algorithms;
  const chosen = wanted ?? usual;
  if (chosen === undefined || !possible.algorithms.includes(chosen))
    throw new TypeError(`the key cannot sign with ${wanted}; it can with ${possible.algorithms.join(", ")}`);
  return chosen;
}

function encodeJson(value: unknown): string {
  return encodeBase64url(Buffer.from(JSON.stringify(value)));
}
