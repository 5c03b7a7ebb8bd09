import type { KeyObject } from "node:crypto";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { messageOf } from "../../base/error.ts";
import { keyId } from "./checkpoint.ts";
import { AuditError } from "./errors.ts";

/** The key that signs checkpoints. */
export interface Signer {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly id: string;
}

/**
 * The key in a file (PEM, PKCS #8); a new one, for the owner of the process alone, when there is no such file.
 * @throws AuditError when it cannot be read or is no Ed25519 key
 */
export function openSigningKey(file: string): Signer {
  try {
    return signerOf(readFileSync(file, "utf8"));
  } catch (error) {
    if (!isMissing(error)) throw unusable(file, error);
  }
  return makeSigningKey(file);
}

/** Makes a key where no file is yet. @throws AuditError */
export function makeSigningKey(file: string): Signer {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = String(privateKey.export({ format: "pem", type: "pkcs8" }));
  try {
    writeFileSync(file, pem, { mode: 0o600, flag: "wx", flush: true });
    return signerOf(pem);
  } catch (error) {
    // Another worker was faster: its key is everybody's.
    if (isCode(error, "EEXIST")) return openSigningKey(file);
    throw unusable(file, error);
  }
}

function signerOf(pem: string): Signer {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== "ed25519") throw new Error("it is no Ed25519 key");
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, id: keyId(publicKey) };
}

/** The public half, or both: whoever verifies needs no secret. @throws Error when it is none */
export function readPublicKey(pem: string): KeyObject {
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== "ed25519") throw new Error("it is no Ed25519 key");
  return key;
}

export function publicPem({ publicKey }: Pick<Signer, "publicKey">): string {
  return String(publicKey.export({ format: "pem", type: "spki" }));
}

function unusable(file: string, error: unknown): AuditError {
  return new AuditError("audit/unwritable", `audit.signingKey ${file}: ${messageOf(error)}`, {
    cause: error,
  });
}

function isMissing(error: unknown): boolean {
  return isCode(error, "ENOENT");
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
