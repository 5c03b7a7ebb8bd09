/** The longest token that is taken: the wire door's largest password message by default, and more than HTTP servers take in a header. */
export const MAX_TOKEN_BYTES = 64 * 1024;

/** What a credential looks like. It says nothing about whether it is good. */
export type CredentialKind = "signed-token" | "personal-token" | "password";

/** Personal access tokens by their first letters: Postern's own, and those of Supabase's API (`sbp_…`, `sbp_oauth_…`). */
const PERSONAL = /^(?:pst|sbp)_[A-Za-z0-9_-]{36,}$/;
/** Three parts, of which the first two are JSON objects in base64url (RFC 7515 §7.1): `{"` is written `eyJ`. */
const SIGNED = /^eyJ[A-Za-z0-9_-]*\.eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+$/;

/** Tells by its shape what a client sent. Whatever is no token is taken for a password. */
export function credentialKind(text: string): CredentialKind {
  if (PERSONAL.test(text)) return "personal-token";
  return SIGNED.test(text) ? "signed-token" : "password";
}
