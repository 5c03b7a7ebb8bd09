/**
 * The head of a request: request line and header fields (RFC 9112 §3, §5). Nothing is repaired: whatever two programs
 * could read in two ways is refused, for a proxy in front and this door must agree on where each request ends.
 */
import { isAscii, isUtf8 } from "node:buffer";
import { HttpError } from "./errors.ts";
import { RequestHeaders } from "./headers.ts";
import type { KnownFields } from "./known-fields.ts";

/** How the body's end is known (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" };

export interface Head {
  readonly method: string;
  readonly target: string;
  readonly headers: RequestHeaders;
  readonly framing: Framing;
  /** Whether the connection may serve another request (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** HTTP/1.0: the client has to be told that the connection stays open. */
  readonly old: boolean;
  /** The client waits for 100 (Continue) before it sends the body (RFC 9110 §10.1.1). */
  readonly awaitsContinue: boolean;
}

/** Browsers and proxies send some thirty; a request with more than this is a flood. */
const MAX_FIELDS = 128;
/** More digits would not be exact as a number; no body is that long. */
const MAX_LENGTH_DIGITS = 15;

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
/** No space, no control character; `#` begins a fragment, which never belongs into a request. */
const NO_TARGET = /[^!-~\u0080-\uffff]|#/;
const ABSOLUTE = /^https?:\/\/[^/?]*/i;
/** In a head there are only tabs and line ends. */
const CONTROL = /[^\t\r\n -~\u0080-\uffff]/;
const DIGITS = /^\d+$/;
/**
 * Tokens in any case of ASCII's letters. Lower case would not do: that of the Kelvin sign is k, and a proxy in front
 * knows of no such letter. For the same reason blanks are spaces and tabs, and no other.
 */
const CHUNKED = /^chunked$/i;
const CONTINUE = /^100-continue$/i;
const LISTS_CLOSE = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i;
const LISTS_KEEP_ALIVE = /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i;

/** Fields that decide something and of which only one can be meant (RFC 9110 §5.3). */
const SINGLE: ReadonlySet<string> = new Set([
  "host",
  "authorization",
  "content-length",
  "transfer-encoding",
  "content-type",
  "x-postern-role",
]);

interface HeadBounds {
  readonly targetBytes: number;
  readonly headerBytes: number;
}

/**
 * Reads a head.
 * @param bytes from the request line up to the empty line, which is not in it
 * @param known fields that were read before
 * @throws HttpError when it is not as RFC 9112 says, or larger than the bounds
 */
export function parseHead(
  bytes: Buffer,
  { targetBytes, headerBytes }: HeadBounds,
  known?: KnownFields,
): Head {
  const ascii = isAscii(bytes);
  const text = ascii ? bytes.toString("latin1") : decoded(bytes);
  const lineEnd = text.indexOf("\r\n");
  const line = lineEnd < 0 ? text : text.slice(0, lineEnd);
  if (CONTROL.test(line)) throw malformed("a control character");
  const { method, target, old } = parseRequestLine(line, targetBytes);
  if (text.length - line.length > headerBytes)
    throw new HttpError("http/headers-too-large", "too many bytes");
  const headers = readFields(text.slice(line.length + 2), ascii ? known : undefined);
  if (!old && headers.get("host") === undefined) throw malformed("no Host");
  const connection = headers.get("connection") ?? "";
  return {
    method,
    target,
    headers,
    framing: framingOf(headers, old),
    keepAlive: old ? LISTS_KEEP_ALIVE.test(connection) : !LISTS_CLOSE.test(connection),
    old,
    awaitsContinue: awaitsContinue(headers, old),
  };
}

function readFields(text: string, known: KnownFields | undefined): RequestHeaders {
  const met = known?.get(text);
  if (met !== undefined) return met;
  if (CONTROL.test(text)) throw malformed("a control character");
  const headers = parseFields(text);
  known?.keep(text, headers);
  return headers;
}

/** Clients that do not escape send UTF-8 (as PostgREST reads it); what is none is nothing that can be meant. */
function decoded(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw malformed("neither ASCII nor UTF-8");
  return bytes.toString("utf8");
}

function parseRequestLine(line: string, targetBytes: number) {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  const method = line.slice(0, first);
  const target = line.slice(first + 1, last);
  const version = line.slice(last + 1);
  if (first < 1 || last === first || !TOKEN.test(method)) throw malformed("no request line");
  if (target.length > targetBytes) throw new HttpError("http/target-too-long", `${target.length} characters`);
  if (target === "" || NO_TARGET.test(target)) throw malformed("no target");
  if (version !== "HTTP/1.1" && version !== "HTTP/1.0") {
    if (/^HTTP\/\d(?:\.\d)?$/.test(version)) throw new HttpError("http/version", version);
    throw malformed("no version");
  }
  return { method, target: originForm(target, method), old: version === "HTTP/1.0" };
}

/** RFC 9112 §3.2: a client that takes us for a proxy sends the whole URL; only OPTIONS may ask for `*`. */
function originForm(target: string, method: string): string {
  if (target.startsWith("/") || (target === "*" && method === "OPTIONS")) return target;
  const authority = ABSOLUTE.exec(target)?.[0];
  if (authority === undefined) throw malformed("a target that is not a path");
  const path = target.slice(authority.length);
  return path.startsWith("/") ? path : `/${path}`;
}

function parseFields(text: string): RequestHeaders {
  const fields = new Map<string, string | readonly string[]>();
  let count = 0;
  for (let at = 0; at < text.length; count++) {
    if (count === MAX_FIELDS) throw new HttpError("http/headers-too-large", "too many fields");
    const next = text.indexOf("\r\n", at);
    const end = next < 0 ? text.length : next;
    const colon = text.indexOf(":", at);
    const name = fieldName(colon < 0 || colon > end ? "" : text.slice(at, colon));
    const value = withoutBlanks(text, colon + 1, end);
    if (value.includes("\n") || value.includes("\r")) throw malformed(`half a line end in ${name}`);
    const before = fields.get(name);
    if (before !== undefined && SINGLE.has(name)) throw malformed(`${name} twice`);
    fields.set(
      name,
      before === undefined ? value : [...(typeof before === "string" ? [before] : before), value],
    );
    at = end + 2;
  }
  return new RequestHeaders(fields);
}

/** Spaces and tabs only (RFC 9110 §5.5): what other programs take for part of a value must be one here too. */
function withoutBlanks(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** Names that were seen, and how they are in lower case: clients send the same few over and over. */
const names = new Map<string, string>();
/** More than clients have; a client that makes names up must not cost memory. */
const MAX_NAMES = 512;

/** Also refuses a folded line and a space before the colon, which proxies read in several ways (RFC 9112 §5.1, §5.2). */
function fieldName(text: string): string {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (!TOKEN.test(text)) throw malformed("a header line without a name");
  const name = text.toLowerCase();
  if (names.size < MAX_NAMES) names.set(text, name);
  return name;
}

/** RFC 9112 §6.1: a message with both, or with another coding, is how requests are smuggled past a proxy. */
function framingOf(headers: RequestHeaders, old: boolean): Framing {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined) {
    if (old || length !== undefined || !CHUNKED.test(coding))
      throw malformed("a body whose end is ambiguous");
    return { kind: "chunked" };
  }
  if (length === undefined) return { kind: "none" };
  if (!DIGITS.test(length) || length.length > MAX_LENGTH_DIGITS)
    throw malformed("Content-Length is no number");
  const bytes = Number(length);
  return bytes === 0 ? { kind: "none" } : { kind: "length", length: bytes };
}

function awaitsContinue(headers: RequestHeaders, old: boolean): boolean {
  const expected = headers.get("expect");
  if (expected === undefined || old) return false;
  if (!CONTINUE.test(expected)) throw new HttpError("http/expectation", "another expectation");
  return true;
}

function malformed(detail: string): HttpError {
  return new HttpError("http/malformed", detail);
}
