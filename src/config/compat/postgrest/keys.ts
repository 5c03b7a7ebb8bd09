import { Secret } from "../../../base/secret.ts";
import {
  isSecretAlgorithm,
  SECRET_ALGORITHMS,
  SECRET_BYTES,
  type SecretAlgorithm,
} from "../../algorithms.ts";
import { secretBytes } from "../../secret-bytes.ts";

/** PostgREST's own rule for a secret of text, which is for HS256. */
const MIN_SECRET_BYTES = SECRET_BYTES.HS256;

/** The issuers that a `jwt-secret` stands for, as the configuration would write them. */
export type KeysResult =
  | { readonly kind: "ok"; readonly keys: readonly Keys[] }
  | { readonly kind: "fault"; readonly message: string };

export type Keys =
  | {
      readonly keys: { readonly secret: string; readonly secretEncoding: "base64" };
      readonly algorithms: readonly SecretAlgorithm[];
    }
  | { readonly keys: { readonly jwks: { readonly keys: readonly Jwk[] } } };

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
  return { kind: "ok", keys: [shared(bytes, ["HS256"])] };
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
  return {
    kind: "ok",
    keys: [...(others.length > 0 ? [{ keys: { jwks: { keys: others } } }] : []), ...ours],
  };
}

/** RFC 7518 §6.4: a symmetric key. One that names no algorithm is for all that it is long enough for. */
function sharedOf({ k, alg }: Jwk): Keys | string {
  if (alg !== undefined && !isSecretAlgorithm(alg))
    return `has a shared key whose alg is none of ${SECRET_ALGORITHMS.join(", ")}; change it`;
  if (typeof k !== "string" || !/^[\w-]+$/.test(k))
    return "has a shared key whose k is not base64url; correct it";
  const bytes = Buffer.from(k, "base64url");
  const least = SECRET_BYTES[alg ?? "HS256"];
  return bytes.length < least
    ? `has a shared key of less than ${least} bytes; make a longer one`
    : shared(
        bytes,
        SECRET_ALGORITHMS.filter((name) => name === (alg ?? name) && bytes.length >= SECRET_BYTES[name]),
      );
}

function shared(bytes: Buffer, algorithms: readonly SecretAlgorithm[]): Keys {
  return { keys: { secret: bytes.toString("base64"), secretEncoding: "base64" }, algorithms };
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
