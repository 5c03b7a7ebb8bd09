/** The signature algorithms that use a key pair (RFC 7518 §3.1, RFC 8037); what a private key can sign with. */
export const KEY_PAIR_ALGORITHMS = [
  "EdDSA",
  "ES256",
  "ES384",
  "ES512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
] as const;

/** Those that use a shared secret. */
export const SECRET_ALGORITHMS = ["HS256", "HS384", "HS512"] as const;

export type SecretAlgorithm = (typeof SECRET_ALGORITHMS)[number];

/** The shortest secret of each: as long as its hash (RFC 7518 §3.2). */
export const SECRET_BYTES: Readonly<Record<SecretAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 };

/** What a shared secret is for where nothing else is said: a secret never chooses by what a token asks for. */
export const USUAL_SECRET_ALGORITHM = "HS256" satisfies SecretAlgorithm;

export function isSecretAlgorithm(name: unknown): name is SecretAlgorithm {
  return typeof name === "string" && Object.hasOwn(SECRET_BYTES, name);
}
