/**
 * Makes verification keys from what people configure: JWKs, PEM and shared secrets. Everything about a key is checked
 * here, once, so that verification only has to ask which algorithms the key permits.
 */
import { createHash, createPublicKey, createSecretKey, type KeyObject, type webcrypto } from "node:crypto";
import { messageOf } from "../base/error.ts";
import { SECRET_BYTES, type SecretAlgorithm, USUAL_SECRET_ALGORITHM } from "../config/algorithms.ts";
import type { Algorithm } from "../config/schema.ts";
import { parseAlgorithm, rsaAlgorithms, schemes } from "./algorithm.ts";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { ed25519Fault } from "./ed25519-point.ts";
import type { ImportedKey } from "./key.ts";

/** RFC 7518 §3.3. */
const MIN_RSA_BITS = 2048;
/** Verification cost grows with the square of the length; 8192 bits is past what any issuer uses. */
const MAX_RSA_BITS = 8192;
/** FIPS 186-5 §5.4 wants e > 2^16; 3 is still met. Above 32 bits an exponent only makes verification slow. */
const MIN_RSA_EXPONENT = 3n;
const MAX_RSA_EXPONENT = 2n ** 32n;
/** As long as any issuer's key id; longer ones only cost memory and log lines. */
export const MAX_KID_LENGTH = 256;
/** Where private parts of EC, OKP and RSA keys are (RFC 7518 §6.2.2, §6.3.2). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth"];

/** The members of a JWK that this module looks at, before they are checked. */
type UncheckedJwk = { readonly [member: string]: unknown };

/** Imports one member of a JWK Set (RFC 7517). `ignored` marks keys that are sound but not for signatures. */
export function importJwk(jwk: unknown): ImportedKey & { readonly ignored?: boolean } {
  if (typeof jwk !== "object" || jwk === null || Array.isArray(jwk)) return { fault: "not an object" };
  const members = jwk as UncheckedJwk;
  if (members["kty"] === "oct" || members["k"] !== undefined)
    return { fault: "a symmetric key in a public key set; a shared secret belongs into `keys.secret`" };
  if (PRIVATE_MEMBERS.some((name) => members[name] !== undefined))
    return { fault: "a private key; publish only its public half and replace it, it is known now" };
  if (!isForSignatures(members)) return { fault: "not for verifying signatures", ignored: true };
  const { kid } = members;
  if (kid !== undefined && (typeof kid !== "string" || kid.length > MAX_KID_LENGTH))
    return { fault: `a \`kid\` that is not a string of at most ${MAX_KID_LENGTH} characters` };
  const fault = shapeFault(members);
  if (fault !== undefined) return { fault };
  try {
    // The members that createPublicKey reads were just checked to be strings.
    const key = createPublicKey({ key: publicMembers(members) as webcrypto.JsonWebKey, format: "jwk" });
    return finish(key, kid, members["alg"]);
  } catch (error) {
    return { fault: `not a usable key: ${messageOf(error)}` };
  }
}

/** Imports a public key in PEM (SPKI, RFC 7468 §13), with white space around it as configuration files leave it. */
export function importPem(pem: string): ImportedKey {
  const text = pem.trim();
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map((match) => match[1] ?? "");
  const [label] = labels;
  if (label === undefined) return { fault: "not PEM: there is no -----BEGIN PUBLIC KEY----- line" };
  if (label.endsWith("PRIVATE KEY"))
    return {
      fault:
        "a private key; give its public half (openssl pkey -in key.pem -pubout) and keep this one secret",
    };
  if (label === "CERTIFICATE")
    return { fault: "a certificate; give its public key (openssl x509 -in cert.pem -noout -pubkey)" };
  if (label !== "PUBLIC KEY")
    return { fault: `"${label}" in PEM; a PUBLIC KEY (SPKI) is wanted (openssl pkey -pubin -in key.pem)` };
  if (labels.length > 1) return { fault: "more than one key; list each by itself" };
  try {
    return finish(createPublicKey(text), undefined, undefined);
  } catch (error) {
    return { fault: `not a usable public key: ${messageOf(error)}` };
  }
}

/** Splits a file that holds several PEM blocks. A text without a block is returned whole. */
export function splitPem(text: string): readonly string[] {
  return text.match(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g) ?? [text];
}

/** Imports a shared secret for the algorithms that its issuer names. */
export function importSecret(
  bytes: Buffer,
  algorithms: readonly SecretAlgorithm[] = [USUAL_SECRET_ALGORITHM],
): ImportedKey {
  const tooLong = algorithms.find((name) => bytes.length < SECRET_BYTES[name]);
  if (tooLong !== undefined)
    return {
      fault: `a secret of ${bytes.length} bytes; ${tooLong} needs at least ${SECRET_BYTES[tooLong]}`,
    };
  if (looksPublic(bytes))
    return { fault: "a public key given as a shared secret: anyone who knows it could sign tokens" };
  return {
    kid: undefined,
    thumbprint: createHash("sha256").update(bytes).digest("base64url"),
    algorithms,
    key: createSecretKey(bytes),
  };
}

/** Whether a would-be secret is a key or certificate that others know: PEM, a JWK, DER, or base64 of one of them. */
function looksPublic(secret: Buffer): boolean {
  const forms = [secret, Buffer.from(secret.toString("latin1"), "base64")];
  return forms.some((bytes) => isPublicText(bytes.toString("latin1")) || isPublicDer(bytes));
}

function isPublicText(text: string): boolean {
  return text.includes("-----BEGIN") || /^\s*\{[\s\S]*"kty"/.test(text);
}

function isPublicDer(bytes: Buffer): boolean {
  try {
    createPublicKey({ key: bytes, format: "der", type: "spki" });
    return true;
  } catch {
    return false;
  }
}

/** RFC 7517 §4.2 and §4.3. A key for another algorithm than ours (RSA-OAEP, say) is not for us either. */
function isForSignatures({ use, key_ops: operations, alg, kty }: UncheckedJwk): boolean {
  if (use !== undefined && use !== "sig") return false;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) return false;
  if (alg !== undefined && parseAlgorithm(alg) === undefined) return false;
  return kty === "RSA" || kty === "EC" || kty === "OKP";
}

/** What must be in each type of key (RFC 7518 §6, RFC 8037 §2), in the spelling that its thumbprint is made of. */
function shapeFault(jwk: UncheckedJwk): string | undefined {
  const required = jwk["kty"] === "RSA" ? ["n", "e"] : jwk["kty"] === "EC" ? ["x", "y"] : ["x"];
  for (const name of required) {
    const value = jwk[name];
    if (typeof value !== "string" || value === "" || decodeBase64url(value) === undefined)
      return `a member \`${name}\` that is missing or not base64url`;
  }
  if (jwk["kty"] === "OKP" && jwk["crv"] !== "Ed25519") return "an OKP key that is not Ed25519";
  if (jwk["kty"] === "EC" && curveAlgorithms(jwk["crv"]).length === 0)
    return "an EC key on a curve that none of the algorithms uses";
  return undefined;
}

function publicMembers({ kty, crv, x, y, n, e }: UncheckedJwk) {
  if (kty === "RSA") return { kty, n, e };
  return kty === "EC" ? { kty, crv, x, y } : { kty, crv, x };
}

/** The checks that a key has to pass wherever it came from. */
function finish(key: KeyObject, kid: string | undefined, alg: unknown): ImportedKey {
  const possible = algorithmsOf(key);
  if ("fault" in possible) return possible;
  const named = alg === undefined ? undefined : parseAlgorithm(alg);
  if (named !== undefined && !possible.algorithms.includes(named))
    return { fault: `an \`alg\` of ${named} that does not fit the key` };
  return {
    kid,
    thumbprint: thumbprint(key),
    algorithms: named === undefined ? possible.algorithms : [named],
    key,
  };
}

/** The algorithms that a key can be used with, its strength checked; or why there are none. */
export function algorithmsOf(key: KeyObject): { algorithms: readonly Algorithm[] } | { fault: string } {
  switch (key.asymmetricKeyType) {
    case "ed25519": {
      const fault = ed25519Fault(decodeBase64url(exported(key).x ?? "") ?? new Uint8Array());
      return fault === undefined ? { algorithms: ["EdDSA"] } : { fault };
    }
    case "ec": {
      const algorithms = curveAlgorithms(exported(key).crv);
      return algorithms.length > 0
        ? { algorithms }
        : { fault: "an EC key on a curve that none of the algorithms uses" };
    }
    case "rsa": {
      const fault = rsaFault(key);
      return fault === undefined ? { algorithms: rsaAlgorithms } : { fault };
    }
    default:
      return { fault: `a key of the type ${key.asymmetricKeyType}` };
  }
}

/** RFC 7518 §3.4: each curve has its algorithm. */
function curveAlgorithms(curve: unknown): readonly Algorithm[] {
  return (Object.keys(schemes) as Algorithm[]).filter((name) => {
    const scheme = schemes[name];
    return scheme.kind === "ecdsa" && scheme.curve === curve;
  });
}

function rsaFault(key: KeyObject): string | undefined {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS)
    return `an RSA key of ${modulusLength} bits; ${MIN_RSA_BITS} to ${MAX_RSA_BITS} are taken`;
  const exponent = BigInt(publicExponent);
  if (exponent < MIN_RSA_EXPONENT || exponent > MAX_RSA_EXPONENT || exponent % 2n === 0n)
    return "an RSA key whose exponent is even, below 3 or above 2^32";
  return undefined;
}

/** RFC 7638 §3: SHA-256 over the required members in lexicographic order. */
export function thumbprint(key: KeyObject): string {
  const { kty, crv, x, y, n, e } = exported(key);
  const members = kty === "RSA" ? { e, kty, n } : kty === "EC" ? { crv, kty, x, y } : { crv, kty, x };
  return encodeBase64url(createHash("sha256").update(JSON.stringify(members)).digest());
}

function exported(key: KeyObject): webcrypto.JsonWebKey {
  return key.export({ format: "jwk" });
}
