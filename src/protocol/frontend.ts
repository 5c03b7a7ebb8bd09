/** What a client sends while it logs in, after the startup packet. */
import { cstring } from "./bytes.ts";

/** One message's type and body. */
export interface FrontendMessage {
  /** The type byte as a character. */
  readonly type: string;
  readonly body: Buffer;
}

/** Type byte and length word. */
const MESSAGE_HEAD_BYTES = 5;

/**
 * How long the message at the start of `bytes` is, head included; `undefined` when the head has not arrived, or a
 * fault when the length word is out of bounds.
 * @param limit the largest body that is accepted, in bytes
 */
export function messageLength(bytes: Buffer, limit: number): number | undefined | { readonly fault: string } {
  if (bytes.length < MESSAGE_HEAD_BYTES) return undefined;
  const length = bytes.readInt32BE(1);
  if (length < 4 || length - 4 > limit) return { fault: `a message of ${length} bytes during the login` };
  return length + 1;
}

/** Splits one whole message into type and body. */
export function splitMessage(bytes: Buffer): FrontendMessage {
  return { type: String.fromCharCode(bytes[0] ?? 0), body: bytes.subarray(MESSAGE_HEAD_BYTES) };
}

/** The password of a PasswordMessage body, or undefined when it is not one NUL-terminated UTF-8 text. */
export function decodePassword(body: Buffer): string | undefined {
  const password = cstring(body, 0);
  return password !== undefined && password.next === body.length ? password.text : undefined;
}

/** A SASLInitialResponse: the mechanism, and the initial response if there is one. */
export function decodeSaslInitialResponse(
  body: Buffer,
): { readonly mechanism: string; readonly response: Buffer | undefined } | undefined {
  const mechanism = cstring(body, 0);
  if (mechanism === undefined || body.length < mechanism.next + 4) return undefined;
  const length = body.readInt32BE(mechanism.next);
  const rest = body.subarray(mechanism.next + 4);
  if (length === -1)
    return rest.length === 0 ? { mechanism: mechanism.text, response: undefined } : undefined;
  return length === rest.length ? { mechanism: mechanism.text, response: rest } : undefined;
}
