import { createPrivateKey, type KeyObject, webcrypto } from "node:crypto";

/** A CA's private key, and the algorithm that it signs certificates with. */
export interface SigningKey {
  readonly key: CryptoKey;
  readonly algorithm: ReturnType<typeof algorithmOf>;
}

const CURVE_HASH: Readonly<Record<string, readonly [curve: string, hash: string]>> = {
  prime256v1: ["P-256", "SHA-256"],
  secp384r1: ["P-384", "SHA-384"],
  secp521r1: ["P-521", "SHA-512"],
};

/** Reads a private key in PEM (PKCS #8, PKCS #1 or SEC 1). Throws for kinds that PostgreSQL's TLS could not verify. */
export async function importSigningKey(pem: Buffer): Promise<SigningKey> {
  const key = createPrivateKey(pem);
  const algorithm = algorithmOf(key);
  const der = key.export({ type: "pkcs8", format: "der" });
  return { key: await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]), algorithm };
}

function algorithmOf(key: KeyObject) {
  switch (key.asymmetricKeyType) {
    case "ec": {
      const known = CURVE_HASH[key.asymmetricKeyDetails?.namedCurve ?? ""];
      if (known === undefined) throw new Error("the CA key's curve must be P-256, P-384 or P-521");
      return { name: "ECDSA", namedCurve: known[0], hash: known[1] };
    }
    case "rsa":
      return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    case "ed25519":
      return { name: "Ed25519" };
    default:
      throw new Error("the CA key must be ECDSA, RSA or Ed25519");
  }
}
