import type { KeyObject } from "node:crypto";
import type { Algorithm } from "../config/schema.ts";

/** A key that tokens are verified with. The key, never the token, says which algorithms are possible. */
export interface VerificationKey {
  /** The JWK's `kid`; undefined for PEM keys and secrets, which any token may name or not name. */
  readonly kid: string | undefined;
  /** RFC 7638 thumbprint; for a secret the SHA-256 of it. */
  readonly thumbprint: string;
  /** What this key may be used for: one algorithm, or the RSA family for an RSA key that doesn't say. */
  readonly algorithms: readonly Algorithm[];
  readonly key: KeyObject;
}

/** A key, or why there is none. */
export type ImportedKey = VerificationKey | { readonly fault: string };

/** Whether two key sets permit the same. */
export function sameKeys(a: readonly VerificationKey[], b: readonly VerificationKey[]): boolean {
  return a.length === b.length && fingerprint(a) === fingerprint(b);
}

function fingerprint(keys: readonly VerificationKey[]): string {
  return keys
    .map(({ kid, thumbprint, algorithms }) => JSON.stringify([kid ?? null, thumbprint, algorithms]))
    .sort()
    .join();
}
