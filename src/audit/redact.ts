/**
 * The last net under the log: whatever an event holds by mistake, a secret does not get written. The first net is the
 * closed union of events, which has no field for one.
 */

/** Names under which a secret could be handed in, compared without case and punctuation. */
const SECRET_NAME =
  /token|passw|passphrase|pwd|secret|credential|authorization|cookie|jwt|bearer|assertion|(?:private|api|access|cancel|signing|shared)key|pgpass|^key$|^pem$|^sig$|^signature$/;

const MASK = "[secret]";

/** Secrets that show themselves by their shape, wherever they are in a text. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  // A compact JWS or JWE (RFC 7515 §7.1): its header is a JSON object, and `{"` in base64url is `eyJ`.
  [/\beyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)*/g, MASK],
  // Personal access tokens: the id may be told, the secret not.
  [/\b(pst_[0-9A-Za-z]{1,16})_?[0-9A-Za-z]+/g, `$1_${MASK}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, MASK],
  // The password of a URI, RFC 3986 §3.2.1.
  [/(:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/g, `$1${MASK}`],
  [/\b(bearer\s+)[\w.~+/=-]{8,}/gi, `$1${MASK}`],
  // As connection strings, query strings and JSON write it; prose ("a bad token: …") stays readable.
  [/((?:password|passwd|pwd|secret|token)\s*=\s*)(?:"[^"]*"|'[^']*'|[^\s,;&]+)/gi, `$1${MASK}`],
  // As SQL sets one: ALTER ROLE … PASSWORD '…'; the end of a text that was cut may be missing.
  [/(\bpassword\s+)(?:e|u&)?'(?:[^'\\]|\\.|'')*(?:'|$)/gi, `$1${MASK}`],
  [/("(?:password|passwd|pwd|secret|\w*token)"\s*:\s*)"(?:[^"\\]|\\.)*"/gi, `$1"${MASK}"`],
];

/** Events are flat; what is deeper than this got in by mistake and is not worth a line of any length. */
const MAX_DEPTH = 6;

/** `value` without anything that looks like a secret, as plain data that JSON can hold. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function")
    return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "[deeper]";
  if (value instanceof Error) return redactText(value.message);
  if (value instanceof Date) return value.toJSON();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map) return redactFields([...value], depth);
  if (Array.isArray(value) || value instanceof Set) return [...value].map((item) => redact(item, depth + 1));
  return redactFields(Object.entries(value), depth);
}

/** What every shape has somewhere. Most texts have none of it, and a line of the log should cost microseconds. */
const SUSPICIOUS = /eyJ|-----|:\/\/|bearer|passw|pwd|secret|token|pst_/i;

/** `text` with every secret that shows itself by its shape blotted out. */
export function redactText(text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  return SHAPES.reduce((left, [shape, mask]) => left.replace(shape, mask), text);
}

function redactFields(fields: readonly (readonly [unknown, unknown])[], depth: number): object {
  const clean: Record<string, unknown> = Object.create(null);
  for (const [key, value] of fields) {
    const { name, secret } = nameOf(String(key));
    clean[name] = secret && value !== undefined ? MASK : redact(value, depth + 1);
  }
  return clean;
}

interface Name {
  /** As it may be written. */
  readonly name: string;
  /** Whether what stands under it is a secret. */
  readonly secret: boolean;
}

/** Names of fields are few and always the same; this bounds what a mistake could make of it. */
const MAX_NAMES = 1000;
const names = new Map<string, Name>();

function nameOf(text: string): Name {
  const known = names.get(text);
  if (known !== undefined) return known;
  const secret = SECRET_NAME.test(text.toLowerCase().replace(/[^a-z0-9]/g, ""));
  const name = { name: redactText(text), secret };
  if (names.size < MAX_NAMES) names.set(text, name);
  return name;
}
