/** What Postern writes as a client of a PostgreSQL server ("Message Formats", marked F). */
import { int32, message } from "./bytes.ts";

/** The only major version. */
const MAJOR = 3;
const SSL_REQUEST = 80877103;
const CANCEL_REQUEST = 80877102;

/** Asks for TLS. */
export const sslRequest: Buffer = untyped(int32(SSL_REQUEST));

/** Ends a session in order. */
export const terminate: Buffer = message("X");

/** The first message of a session, in protocol 3.`minor`. */
export function startupMessage(parameters: ReadonlyMap<string, string>, minor: number): Buffer {
  const parts = [int32((MAJOR << 16) | minor)];
  for (const [name, value] of parameters) {
    if (name === "") throw new TypeError("a startup parameter without a name");
    parts.push(cstring(name), cstring(value));
  }
  return untyped(...parts, Buffer.of(0));
}

/** Asks a server, on a connection of its own, to cancel what a backend is running. */
export function cancelRequest(key: { readonly processId: number; readonly secret: Buffer }): Buffer {
  return untyped(int32(CANCEL_REQUEST), int32(key.processId), key.secret);
}

/** Answers a cleartext or MD5 request. */
export function passwordMessage(text: string): Buffer {
  return message("p", cstring(text));
}

/** Begins a SASL exchange. */
export function saslInitialResponse(mechanism: string, data: string): Buffer {
  const bytes = Buffer.from(data);
  return message("p", cstring(mechanism), int32(bytes.length), bytes);
}

/** Continues a SASL exchange. */
export function saslResponse(data: string): Buffer {
  return message("p", data);
}

/** A simple query. */
export function query(sql: string): Buffer {
  return message("Q", cstring(sql));
}

function untyped(...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  return Buffer.concat([int32(length), ...parts]);
}

function cstring(text: string): Buffer {
  if (text.includes("\0")) throw new TypeError("a NUL in a string of the protocol");
  return Buffer.from(`${text}\0`);
}
