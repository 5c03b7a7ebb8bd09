import { type IssuerConfig, issuerSchema } from "../../src/config/schema.ts";
import { type KeyAlgorithm, type KeyPair, newKeyPair } from "../../src/identity/mint.ts";

const pairs = new Map<string, KeyPair>();

/** A key pair of the kind, the same on every call with the same name (RSA keys are slow to make). */
export function keyPair(algorithm: KeyAlgorithm, name = "first"): KeyPair {
  const key = `${algorithm} ${name}`;
  const pair = pairs.get(key) ?? newKeyPair(algorithm);
  pairs.set(key, pair);
  return pair;
}

/** An issuer's configuration with every default filled in. */
export function issuerConfig(settings: { readonly [setting: string]: unknown }): IssuerConfig {
  return issuerSchema.parse({ name: "test", ...settings });
}
