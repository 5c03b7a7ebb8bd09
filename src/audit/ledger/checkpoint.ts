import type { KeyObject } from "node:crypto";
import { createHash, sign, verify } from "node:crypto";
import type { Checkpoint, SignedCheckpoint } from "./audited.ts";
import { canonicalJson } from "./canonical.ts";

/** What a signature is about, so that no other use of the key can be passed off as a checkpoint. */
const CONTEXT = "postern.dev/audit/checkpoint/v1\n";

/** Signs the state of a chain. Held outside, it proves that the chain went at least this far, and how. */
export function signCheckpoint(checkpoint: Checkpoint, privateKey: KeyObject, key: string): SignedCheckpoint {
  const { node, seq, hash, time } = checkpoint;
  const signature = sign(null, signedBytes(checkpoint), privateKey).toString("base64");
  return { node, seq, hash, time, key, signature };
}

export function isSignedBy(checkpoint: SignedCheckpoint, publicKey: KeyObject): boolean {
  const signature = Buffer.from(checkpoint.signature, "base64");
  return verify(null, signedBytes(checkpoint), publicKey, signature);
}

function signedBytes({ node, seq, hash, time }: Checkpoint): Buffer {
  return Buffer.from(`${CONTEXT}${canonicalJson({ node, seq, hash, time })}`);
}

/** Tells keys apart. */
export function keyId(publicKey: KeyObject): string {
  const { x = "" } = publicKey.export({ format: "jwk" });
  return createHash("sha256").update(Buffer.from(x, "base64url")).digest("hex").slice(0, 16);
}

/** A checkpoint out of what was read: an object of its own, or a record of the ledger that holds one. */
export function readCheckpoint(value: unknown): SignedCheckpoint | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("event" in value && typeof value.event === "object") return readCheckpoint(value.event);
  const { node, seq, hash, time, key, signature } = value as Record<string, unknown>;
  const texts = { node, hash, time, key, signature };
  if (!Object.values(texts).every((text) => typeof text === "string")) return undefined;
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) return undefined;
  return { ...(texts as Record<keyof typeof texts, string>), seq };
}
