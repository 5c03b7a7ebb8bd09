import { Secret } from "../../../base/secret.ts";
import { secretBytes } from "../../secret-bytes.ts";

/** RFC 7518 §3.2, and PostgREST's own rule. */
const MIN_SECRET_BYTES = 32;

/** The issuers that a `jwt-secret` stands for, as the configuration would write their keys. */
export type KeysResult =
  | { readonly kind: "ok"; readonly keys: readonly Keys[] }
  | { readonly kind: "fault"; readonly message: string };

export type Keys =
  | { readonly secret: string; readonly secretEncoding: "base64" }
  | { readonly jwks: { readonly keys: readonly Jwk[] } };

type Jwk = Readonly<Record<string, unknown>>;

const fault = (message: string): KeysResult => ({ kind: "fault", message });

/**
 * Reads `jwt-secret`: a JWK or a JWK Set (RFC 7517) when it is JSON, a shared secret otherwise. A shared secret inside
 * a set gets an issuer of its own, because it must never stand beside public keys.
 */
export function keysOf(secret: Buffer, isBase64: boolean): KeysResult {
  const bytes = isBase64 ? secretBytes(new Secret(secret.toString("latin1")), "base64") : secret;
  if (bytes === undefined) return fault("is not base64; correct it, or set jwt-secret-is-base64 to false");
  const text = bytes.toString("utf8").trim();
  if (text.startsWith("{")) return keysOfJson(text);
  if (text.startsWith("-----BEGIN")) return fault("is a key in PEM; write it as a JWK (RFC 7517)");
  if (bytes.length < MIN_SECRET_BYTES)
    return fault(`is shorter than ${MIN_SECRET_BYTES} characters; make one with: openssl rand -base64 48`);
  return { kind: "ok", keys: [shared(bytes)] };
}

function keysOfJson(text: string): KeysResult {
  const json = parse(text);
  const members: unknown = json?.["keys"] ?? (json === undefined ? undefined : [json]);
  if (!Array.isArray(members) || !members.every(isJwk))
    return fault("is neither a JWK nor a JWK Set (RFC 7517); correct the JSON");
  if (members.length === 0) return fault("is a JWK Set without keys; add one");
  const ours: Keys[] = [];
  for (const jwk of members.filter(({ kty }) => kty === "oct")) {
    const key = sharedOf(jwk);
    if (typeof key === "string") return fault(key);
    ours.push(key);
  }
  const others = members.filter(({ kty }) => kty !== "oct");
  return { kind: "ok", keys: [...(others.length > 0 ? [{ jwks: { keys: others } }] : []), ...ours] };
}

/** RFC 7518 §6.4: a symmetric key. */
function sharedOf({ k, alg }: Jwk): Keys | string {
  if (alg !== undefined && alg !== "HS256")
    return "has a shared key for another algorithm than HS256, the only one that is used here; change its alg";
  if (typeof k !== "string" || !/^[\w-]+$/.test(k))
    return "has a shared key whose k is not base64url; correct it";
  const bytes = Buffer.from(k, "base64url");
  return bytes.length < MIN_SECRET_BYTES
    ? `has a shared key of less than ${MIN_SECRET_BYTES} bytes; make a longer one`
    : shared(bytes);
}

function shared(bytes: Buffer): Keys {
  return { secret: bytes.toString("base64"), secretEncoding: "base64" };
}

function parse(text: string): Jwk | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJwk(value) || isSet(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isJwk(value: unknown): value is Jwk & { readonly kty: string } {
  return typeof value === "object" && value !== null && "kty" in value && typeof value.kty === "string";
}

function isSet(value: unknown): value is Jwk {
  return typeof value === "object" && value !== null && "keys" in value;
}
