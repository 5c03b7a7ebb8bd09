/**
 * The bytes of `text` in base64url without padding (RFC 7515 §2, RFC 4648 §5), or undefined when it is written in any
 * other way. Strict, because a lenient decoder gives one signature many spellings: padding, the standard alphabet,
 * white space, an impossible length and stray bits after the last byte (RFC 4648 §3.5) are all refused.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : undefined;
}

/** `bytes` in base64url without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}
