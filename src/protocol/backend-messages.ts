import { ownCopy } from "./bytes.ts";
import { ProtocolFault } from "./fault.ts";

/** An authentication request (PostgreSQL docs, "Message Formats", Authentication*). */
export type AuthenticationRequest =
  | { readonly kind: "ok" }
  | { readonly kind: "cleartext" }
  | { readonly kind: "md5"; readonly salt: Buffer }
  | { readonly kind: "sasl"; readonly mechanisms: readonly string[] }
  | { readonly kind: "sasl-continue"; readonly data: string }
  | { readonly kind: "sasl-final"; readonly data: string }
  | { readonly kind: "unsupported"; readonly method: number };

/** More mechanisms than any server has. */
const MAX_MECHANISMS = 16;

/** Parses the body of an `R` message. */
export function parseAuthentication(body: Buffer): AuthenticationRequest {
  if (body.length < 4) throw new ProtocolFault("an authentication request without a method");
  const method = body.readInt32BE(0);
  const data = body.subarray(4);
  switch (method) {
    case 0:
      return { kind: "ok" };
    case 3:
      return { kind: "cleartext" };
    case 5:
      if (data.length !== 4) throw new ProtocolFault("an MD5 salt that is not 4 bytes");
      return { kind: "md5", salt: data };
    case 10:
      return { kind: "sasl", mechanisms: parseMechanisms(data) };
    case 11:
      return { kind: "sasl-continue", data: utf8(data) };
    case 12:
      return { kind: "sasl-final", data: utf8(data) };
    default:
      return { kind: "unsupported", method };
  }
}

function parseMechanisms(data: Buffer): string[] {
  const names: string[] = [];
  for (let at = 0; ; ) {
    const [name, next] = cString(data, at);
    at = next;
    if (name === "") {
      if (at !== data.length) throw new ProtocolFault("bytes after the list of SASL mechanisms");
      return names;
    }
    names.push(name);
    if (names.length > MAX_MECHANISMS) throw new ProtocolFault("too many SASL mechanisms");
  }
}

/** The fields of an ErrorResponse or NoticeResponse by their one-letter codes ("Error and Notice Message Fields"). */
export type ErrorFields = ReadonlyMap<string, string>;

/** More fields than PostgreSQL has letters for. */
const MAX_FIELDS = 64;

/** Parses the body of an `E` or `N` message. */
export function parseErrorFields(body: Buffer): ErrorFields {
  const fields = new Map<string, string>();
  for (let at = 0; ; ) {
    const code = body[at];
    if (code === undefined) throw new ProtocolFault("an error message without an end");
    if (code === 0) {
      if (at + 1 !== body.length) throw new ProtocolFault("bytes after an error message");
      return fields;
    }
    const [value, next] = cString(body, at + 1);
    fields.set(String.fromCharCode(code), value);
    if (fields.size > MAX_FIELDS) throw new ProtocolFault("too many fields in an error message");
    at = next;
  }
}

/** Parses the body of an `S` message, ParameterStatus. */
export function parseParameterStatus(body: Buffer): readonly [name: string, value: string] {
  const [name, next] = cString(body, 0);
  const [value, end] = cString(body, next);
  if (end !== body.length) throw new ProtocolFault("bytes after a parameter status");
  return [name, value];
}

/** Cancel keys are 4 bytes in protocol 3.0 and up to 256 in 3.2 (PostgreSQL docs, BackendKeyData). */
const MAX_CANCEL_KEY_BYTES = 256;

export interface BackendKey {
  readonly processId: number;
  readonly secret: Buffer;
}

/** Parses the body of a `K` message, BackendKeyData. */
export function parseBackendKey(body: Buffer): BackendKey {
  const secret = ownCopy(body.subarray(4));
  if (body.length < 8 || secret.length > MAX_CANCEL_KEY_BYTES) {
    throw new ProtocolFault(`a cancel key of ${secret.length} bytes`);
  }
  return { processId: body.readInt32BE(0), secret };
}

/** What a server that does not speak all that was asked for speaks (NegotiateProtocolVersion). */
export interface Negotiation {
  readonly minor: number;
  readonly unknownOptions: number;
}

/** Parses the body of a `v` message. PostgreSQL sends the whole version where its documentation has the minor one. */
export function parseNegotiation(body: Buffer): Negotiation {
  if (body.length < 8) throw new ProtocolFault("a version negotiation without a version");
  return { minor: body.readInt32BE(0) & 0xffff, unknownOptions: body.readInt32BE(4) };
}

/** Columns that one of our own look-ups may have. */
const MAX_COLUMNS = 64;

/** Parses the body of a `D` message, DataRow, in text format. */
export function parseDataRow(body: Buffer): (string | null)[] {
  if (body.length < 2) throw new ProtocolFault("a row without a column count");
  const count = body.readInt16BE(0);
  if (count < 0 || count > MAX_COLUMNS) throw new ProtocolFault(`a row of ${count} columns`);
  const values: (string | null)[] = [];
  let at = 2;
  for (let column = 0; column < count; column++) {
    if (at + 4 > body.length) throw new ProtocolFault("a row that ends early");
    const length = body.readInt32BE(at);
    at += 4;
    if (length < -1 || length > body.length - at) throw new ProtocolFault(`a column of ${length} bytes`);
    values.push(length === -1 ? null : utf8(body.subarray(at, at + length)));
    at += Math.max(0, length);
  }
  if (at !== body.length) throw new ProtocolFault("bytes after a row");
  return values;
}

function cString(buffer: Buffer, from: number): readonly [text: string, next: number] {
  const end = from > buffer.length ? -1 : buffer.indexOf(0, from);
  if (end === -1) throw new ProtocolFault("a string without an end");
  return [utf8(buffer.subarray(from, end)), end + 1];
}

/** Server messages before login can be in any encoding; what is not UTF-8 shows as U+FFFD. */
function utf8(bytes: Buffer): string {
  return bytes.toString("utf8");
}
