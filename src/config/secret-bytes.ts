import type { Secret } from "../base/secret.ts";

/** RFC 4648 §4 and §5: either alphabet; padding and the line breaks that tools add may be there or not. */
const BASE64 = /^[\w+/-]*={0,2}$/;

/** The bytes of a shared secret as it is configured; undefined when it is not written in its encoding. */
export function secretBytes(secret: Secret, encoding: "text" | "base64"): Buffer | undefined {
  const text = secret.reveal();
  if (encoding === "text") return Buffer.from(text);
  const compact = text.replaceAll(/\s/g, "");
  // Node reads both alphabets, and would skip what is in neither.
  return BASE64.test(compact) ? Buffer.from(compact, "base64") : undefined;
}
