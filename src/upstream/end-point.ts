import { createHash } from "node:crypto";

/**
 * The hash for tls-server-end-point (RFC 5929 §4.1): the one that the certificate's signature uses, SHA-256 instead of
 * MD5 and SHA-1, and none for signatures without one (Ed25519), for which the binding is not defined.
 */
const HASH_OF_SIGNATURE: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.4": "sha256", // md5WithRSAEncryption
  "1.2.840.113549.1.1.5": "sha256", // sha1WithRSAEncryption
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.2.840.113549.1.1.14": "sha224",
  "1.2.840.10045.4.1": "sha256", // ecdsa-with-SHA1
  "1.2.840.10045.4.3.1": "sha224",
  "1.2.840.10045.4.3.2": "sha256",
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
};

/** What SCRAM is bound to on a connection to the server with this certificate (DER), or undefined. */
export function endPointHash(certificate: Buffer): Buffer | undefined {
  const oid = signatureAlgorithm(certificate);
  const hash = oid === undefined ? undefined : HASH_OF_SIGNATURE[oid];
  return hash === undefined ? undefined : createHash(hash).update(certificate).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OID, … }, … } (RFC 5280 §4.1). */
function signatureAlgorithm(der: Buffer): string | undefined {
  const certificate = element(der, 0);
  const signed = certificate && element(der, certificate.start);
  const algorithm = signed && element(der, signed.end);
  const oid = algorithm && element(der, algorithm.start);
  if (oid === undefined || der[algorithm?.start ?? 0] !== OBJECT_IDENTIFIER) return undefined;
  return dotted(der.subarray(oid.start, oid.end));
}

const OBJECT_IDENTIFIER = 0x06;

/** Start and end of the contents of the DER element at `offset` (X.690 §8.1). */
function element(der: Buffer, offset: number): { readonly start: number; readonly end: number } | undefined {
  const first = der[offset + 1];
  if (first === undefined) return undefined;
  const lengthBytes = first & 0x80 ? first & 0x7f : 0;
  if (lengthBytes > 4 || offset + 2 + lengthBytes > der.length) return undefined;
  const length = lengthBytes === 0 ? first : der.readUIntBE(offset + 2, lengthBytes);
  const start = offset + 2 + lengthBytes;
  return start + length <= der.length ? { start, end: start + length } : undefined;
}

function dotted(bytes: Buffer): string {
  const parts: number[] = [];
  let value = 0;
  for (const byte of bytes) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      parts.push(value);
      value = 0;
    }
  }
  const [first = 0, ...rest] = parts;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join(".");
}
