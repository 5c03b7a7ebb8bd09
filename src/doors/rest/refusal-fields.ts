/** Header fields that several kinds of refusal carry. */
import type { HeaderField } from "./errors.ts";

/** A server that restarts, or a pool that is full, is usually back after about a second (RFC 9110 §10.2.3). */
export const RETRY_SOON: readonly HeaderField[] = [["Retry-After", "1"]];

/** A token would help (RFC 6750 §3). */
export const TOKEN_WANTED: readonly HeaderField[] = [["WWW-Authenticate", "Bearer"]];

/** What is wrong with the token that came (RFC 6750 §3.1). @param reason without quotes or backslashes */
export function invalidToken(reason: string): readonly HeaderField[] {
  return [["WWW-Authenticate", `Bearer error="invalid_token", error_description="${reason}"`]];
}
