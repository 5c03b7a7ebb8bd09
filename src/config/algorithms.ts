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
