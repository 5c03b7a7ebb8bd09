/**
 * Takes a compact JWS (RFC 7515 §7.1) apart, strictly and without believing any of it. What comes out is typed as
 * unverified; only the signature's check, by a key that the configuration chose, makes it a claim set.
 */
import { MAX_TOKEN_BYTES } from "../base/credential-kind.ts";
import type { Algorithm } from "../config/schema.ts";
import { parseAlgorithm } from "./algorithm.ts";
import { decodeBase64url } from "./base64url.ts";
import type { IdentityErrorCode } from "./errors.ts";
import { type JsonObject, parseJsonObject } from "./json.ts";
import { MAX_KID_LENGTH } from "./key-import.ts";

/** Headers hold an algorithm, a key id, perhaps a certificate chain that nobody reads. */
const MAX_HEADER_LENGTH = 16 * 1024;
/** An RSA signature of 8192 bits in base64url is 1366 characters. */
const MAX_SIGNATURE_LENGTH = 2048;

/** A token that is well-formed. Nothing in it is proved. */
export interface UnverifiedToken {
  readonly algorithm: Algorithm;
  /** Only ever compared with the ids of the issuer's own keys. */
  readonly kid: string | undefined;
  readonly type: string | undefined;
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** What was signed: header and payload as sent (RFC 7515 §5.2 step 8). */
  readonly signingInput: Uint8Array;
  readonly signature: Uint8Array;
}

/** Which check failed, for the log. */
export interface Refusal {
  readonly code: IdentityErrorCode;
  readonly detail: string;
}

export type Refusable<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & Refusal);

export function refuse(code: IdentityErrorCode, detail: string) {
  return { ok: false, code, detail } as const;
}

export function accept<T>(value: T) {
  return { ok: true, value } as const;
}

/** Takes a token apart. */
export function parseCompact(token: string): Refusable<UnverifiedToken> {
  if (token.length > MAX_TOKEN_BYTES)
    return refuse("identity/too-large", `${token.length} characters; at most ${MAX_TOKEN_BYTES} are taken`);
  const [head, body, tail, ...more] = token.split(".", 6);
  if (head === undefined || body === undefined || tail === undefined || more.length > 0)
    return refuse("identity/malformed", "not three parts separated by dots (RFC 7515 §7.1)");
  if (head.length > MAX_HEADER_LENGTH) return refuse("identity/too-large", "the header is too long");
  if (tail.length > MAX_SIGNATURE_LENGTH) return refuse("identity/too-large", "the signature is too long");
  const header = decodeObject("header", head);
  if (!header.ok) return header;
  const checked = checkHeader(header.value);
  if (!checked.ok) return checked;
  const claims = decodeObject("payload", body);
  if (!claims.ok) return claims;
  const signature = decodeBase64url(tail);
  if (signature === undefined)
    return refuse("identity/malformed", "the signature is not base64url (RFC 7515 §2)");
  const signingInput = Buffer.from(token.slice(0, head.length + 1 + body.length), "latin1");
  return accept({ ...checked.value, header: header.value, claims: claims.value, signingInput, signature });
}

function decodeObject(part: string, text: string): Refusable<JsonObject> {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) return refuse("identity/malformed", `the ${part} is not base64url (RFC 7515 §2)`);
  const parsed = parseJsonObject(bytes);
  return "fault" in parsed
    ? refuse("identity/malformed", `the ${part} is ${parsed.fault}`)
    : accept(parsed.value);
}

/**
 * What the header may say.
 * - `crit` and `b64` change what a signature means (RFC 7515 §4.1.11, RFC 7797); we know no extension: refused.
 * - `jwk` brings its own key. No bearer token has a use for that, a DPoP proof or an attack does: refused.
 * - `jku`, `x5u`, `x5c`, `x5t`, `x5t#S256` and everything else are left unread. Honest issuers send them (Microsoft's
 *   `x5t`, SAP's `jku`), and ignoring them is what RFC 7515 §4 asks of those who don't use them.
 */
function checkHeader(header: JsonObject): Refusable<Pick<UnverifiedToken, "algorithm" | "kid" | "type">> {
  for (const name of ["crit", "b64", "jwk"])
    if (name in header) return refuse("identity/header", `a \`${name}\` header is never accepted`);
  const { alg, kid, typ } = header;
  const algorithm = parseAlgorithm(alg);
  if (algorithm === undefined)
    return refuse("identity/algorithm", `${shown(alg)} is not a signature algorithm that Postern takes`);
  if (kid !== undefined && (typeof kid !== "string" || kid.length > MAX_KID_LENGTH))
    return refuse("identity/header", `\`kid\` is not a string of at most ${MAX_KID_LENGTH} characters`);
  if (typ !== undefined && typeof typ !== "string") return refuse("identity/header", "`typ` is not a string");
  return accept({ algorithm, kid, type: typ });
}

/** What a stranger wrote, short and in one line. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 64 ? `${text.slice(0, 60)}…` : text;
}
