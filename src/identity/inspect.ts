/** Shows what is in a token to the person who holds it. It proves nothing, and its type says so. */
import { isNumericDate } from "./claims.ts";
import type { Json } from "./identity.ts";
import { parseCompact, type Refusal } from "./jws.ts";

/** The readable content of a token. NOT verified: anyone can write anything into one. */
export interface UnverifiedContent {
  readonly verified: false;
  readonly header: { readonly [parameter: string]: Json };
  readonly claims: { readonly [claim: string]: Json };
  /** `exp`, when it is a usable time, in milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
}

/** Decodes a token without verifying it, or says why the verifier would not even start on it. */
export function inspectToken(
  token: string,
): UnverifiedContent | ({ readonly verified: "malformed" } & Refusal) {
  const parsed = parseCompact(token);
  if (!parsed.ok) return { verified: "malformed", code: parsed.code, detail: parsed.detail };
  const { header, claims } = parsed.value;
  const { exp } = claims;
  const expiresAt = isNumericDate(exp) ? exp * 1000 : undefined;
  return { verified: false, header, claims, expiresAt };
}
