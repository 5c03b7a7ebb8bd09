/**
 * Percent-decoding (RFC 3986 §2.1), done exactly once and before anything else looks at a text, so that what is
 * decided on is what is acted on. A percent sign that begins no escape stands for itself, as in PostgREST; what is not
 * UTF-8 afterwards, or has a NUL, which no text of PostgreSQL can hold, is refused.
 */
const PERCENT = 0x25;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes a part of a path, or a part of a query, in which `+` is a space. Undefined: not text. */
export function decode(text: string, part: "path" | "query"): string | undefined {
  const spaced = part === "query" && text.includes("+") ? text.replaceAll("+", " ") : text;
  if (isPlain(spaced)) return spaced;
  const decoded = decodeQuickly(spaced) ?? decodeBytes(spaced);
  return decoded?.includes("\0") ? undefined : decoded;
}

/** ASCII without escapes and without control characters: what most parameters are. */
function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === PERCENT || code > 0x7e || code === 0) return false;
  }
  return true;
}

function decodeQuickly(text: string): string | undefined {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7e) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign, or not UTF-8: the long way finds out which.
    return undefined;
  }
}

function decodeBytes(text: string): string | undefined {
  // Bytes that a client sent without escaping them arrive as characters of the same number (ISO 8859-1).
  const bytes = Buffer.from(text, /^[\0-\u00ff]*$/.test(text) ? "latin1" : "utf8");
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1, length += 1) {
    const escaped = bytes[at] === PERCENT ? hexByte(bytes, at + 1) : undefined;
    bytes[length] = escaped ?? bytes[at] ?? 0;
    if (escaped !== undefined) at += 2;
  }
  try {
    return utf8.decode(bytes.subarray(0, length));
  } catch {
    return undefined;
  }
}

function hexByte(bytes: Buffer, at: number): number | undefined {
  const high = hexDigit(bytes[at]);
  const low = hexDigit(bytes[at + 1]);
  return high === undefined || low === undefined ? undefined : high * 16 + low;
}

function hexDigit(code = 0): number | undefined {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}
