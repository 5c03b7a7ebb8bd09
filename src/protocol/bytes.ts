/**
 * PostgreSQL's frontend/backend protocol, version 3: codec, framing and limits. No sockets here; every decoder takes
 * bytes whose length is already bounded and returns a value or a fault, never throws for what a client sent.
 */

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `bytes` as text, or undefined when they are not valid UTF-8 (a lenient decoder would make two names one). */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The text up to the next NUL and the offset after it, or undefined when there is no NUL or no valid UTF-8. */
export function cstring(
  bytes: Buffer,
  offset: number,
): { readonly text: string; readonly next: number } | undefined {
  const end = bytes.indexOf(0, offset);
  if (end < 0) return undefined;
  const text = decodeUtf8(bytes.subarray(offset, end));
  return text === undefined ? undefined : { text, next: end + 1 };
}

/** A message with its type byte and length word ("Message Formats"). */
export function message(type: string, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const body = parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part));
  const length = body.reduce((sum, part) => sum + part.length, 4);
  const head = Buffer.allocUnsafe(5);
  head.write(type, 0, 1, "latin1");
  head.writeInt32BE(length, 1);
  return Buffer.concat([head, ...body], length + 1);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/**
 * A copy in memory of its own. For the few bytes that are kept as long as a session: one that is cut from a larger
 * piece, as reads and small Buffers are, would keep all of that.
 */
export function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
