/** Builds tokens by hand, right or wrong, without any of Postern's own code for it. */
import { constants, createHmac, createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { KeyPair } from "../../src/identity/mint.ts";

/** Signs the two first parts of a token. */
export type Signer = (input: string) => Buffer;

export const base64url = (content: string | Uint8Array): string => Buffer.from(content).toString("base64url");

/** A token of any header and payload. Texts and bytes are taken as they are, everything else becomes JSON. */
export function forge(header: unknown, payload: unknown, signer: Signer): string {
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${base64url(signer(input))}`;
}

function part(content: unknown): string {
  const raw = typeof content === "string" || content instanceof Uint8Array;
  return base64url(raw ? content : JSON.stringify(content));
}

export const unsigned: Signer = () => Buffer.alloc(0);
export const bytes =
  (signature: Uint8Array): Signer =>
  () =>
    Buffer.from(signature);
export const hmac =
  (secret: string | Uint8Array, hash = "sha256"): Signer =>
  (input) =>
    createHmac(hash, secret).update(input).digest();
export const ed25519 =
  ({ privatePem }: KeyPair): Signer =>
  (input) =>
    sign(null, Buffer.from(input), privatePem);
export const ecdsa =
  ({ privatePem }: KeyPair, dsaEncoding: "ieee-p1363" | "der" = "ieee-p1363"): Signer =>
  (input) =>
    sign("sha256", Buffer.from(input), { key: privatePem, dsaEncoding });
export const rsa =
  ({ privatePem }: KeyPair, hash = "sha256"): Signer =>
  (input) =>
    sign(hash, Buffer.from(input), privatePem);
export const rsaPss =
  ({ privatePem }: KeyPair, saltLength = 32): Signer =>
  (input) =>
    sign("sha256", Buffer.from(input), {
      key: createPrivateKey(privatePem),
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength,
    });

/** Changes what a signer made. */
export const altered =
  (signer: Signer, change: (signature: Buffer) => Uint8Array): Signer =>
  (input) =>
    Buffer.from(change(signer(input)));

/** Every spelling of a public key that a careless verifier could take for an HMAC secret. */
export function publicKeySpellings({ publicPem }: KeyPair): Readonly<Record<string, string | Buffer>> {
  const key = createPublicKey(publicPem);
  const der = key.export({ format: "der", type: "spki" });
  const jwk = key.export({ format: "jwk" });
  return {
    PEM: publicPem,
    "PEM without its last newline": publicPem.trimEnd(),
    "PEM with CRLF": publicPem.replaceAll("\n", "\r\n"),
    "PEM with leading blanks": `  ${publicPem}`,
    "PEM on one line": publicPem.replaceAll("\n", ""),
    "the base64 of the PEM": Buffer.from(publicPem).toString("base64"),
    "the PEM's body": publicPem.replaceAll(/-----[^-]+-----|\s/g, ""),
    DER: der,
    JWK: JSON.stringify(jwk),
    "the JWK's bytes": Buffer.from(jwk.x ?? jwk.n ?? "", "base64url"),
    "the JWK's text": jwk.x ?? jwk.n ?? "",
    "an empty secret": "",
  };
}
