import { cstring } from "./bytes.ts";

/** What a client can say before anything else ("Start-up", "Message Formats"). */
export type InitialPacket =
  | { readonly kind: "ssl-request" }
  | { readonly kind: "gssenc-request" }
  | { readonly kind: "cancel"; readonly processId: number; readonly key: Buffer }
  | StartupPacket
  | { readonly kind: "fault"; readonly detail: string };

export interface StartupPacket {
  readonly kind: "startup";
  readonly major: number;
  readonly minor: number;
  /** Everything but protocol options, in the order sent. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Names that begin with `_pq_.`: protocol options, of which the server names those it does not know. */
  readonly protocolOptions: readonly string[];
}

const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;
/** Protocol 3.2: "the secret key can be up to 256 bytes". */
const MAX_CANCEL_KEY_BYTES = 256;
/** Length word and code. */
const MIN_BYTES = 8;
/** A TLS record of type handshake begins so; a startup packet that long would be 369 MB. */
const TLS_HANDSHAKE = 0x16;

/** Whether the first byte of a connection begins a TLS handshake ("SSL Session Encryption", direct). */
export function beginsTls(first: number): boolean {
  return first === TLS_HANDSHAKE;
}

/**
 * How long the packet at the start of `bytes` is: a number of bytes, `undefined` when the length word has not arrived,
 * or a fault when it is out of bounds. Only 4 bytes are looked at, so nothing is kept for a client that lies.
 */
export function initialPacketLength(
  bytes: Buffer,
  limit: number,
): number | undefined | { readonly fault: string } {
  if (bytes.length < 4) return undefined;
  const length = bytes.readInt32BE(0);
  if (length < MIN_BYTES || length > limit) return { fault: `a startup packet of ${length} bytes` };
  return length;
}

/** Decodes one whole initial packet, length word included. */
export function decodeInitialPacket(packet: Buffer): InitialPacket {
  const code = packet.readInt32BE(4);
  if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
    if (packet.length !== MIN_BYTES) return fault("an encryption request of the wrong length");
    return { kind: code === SSL_REQUEST ? "ssl-request" : "gssenc-request" };
  }
  if (code === CANCEL_REQUEST) return decodeCancel(packet);
  return decodeStartup(packet, code);
}

function decodeCancel(packet: Buffer): InitialPacket {
  const keyBytes = packet.length - MIN_BYTES - 4;
  if (keyBytes < 4 || keyBytes > MAX_CANCEL_KEY_BYTES) return fault("a cancel request of the wrong length");
  return { kind: "cancel", processId: packet.readInt32BE(8), key: packet.subarray(12) };
}

function decodeStartup(packet: Buffer, code: number): InitialPacket {
  const parameters = new Map<string, string>();
  const protocolOptions: string[] = [];
  let offset = MIN_BYTES;
  while (offset < packet.length - 1) {
    const name = cstring(packet, offset);
    const value = name === undefined ? undefined : cstring(packet, name.next);
    if (name === undefined || value === undefined)
      return fault("a parameter that does not end or is not UTF-8");
    if (name.text === "") return fault("a parameter without a name");
    if (parameters.has(name.text)) return fault("a parameter that is given twice");
    if (name.text.startsWith("_pq_.")) protocolOptions.push(name.text);
    else parameters.set(name.text, value.text);
    offset = value.next;
  }
  if (offset !== packet.length - 1 || packet[offset] !== 0)
    return fault("a startup packet without its terminator");
  return { kind: "startup", major: code >>> 16, minor: code & 0xffff, parameters, protocolOptions };
}

function fault(detail: string): InitialPacket {
  return { kind: "fault", detail };
}
