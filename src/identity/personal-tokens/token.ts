/**
 * What a personal access token looks like, and how one is kept: `pst_<id>_<secret><checksum>`. The prefix lets scanners
 * find one that got somewhere it should not be, the checksum tells a slip of the hand from a guess without any look-up,
 * and `_` lets a double click take the whole. Neither proves anything; the keyed hash of the whole text does.
 */
import { createHmac, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { equalInConstantTime, Secret } from "../../base/secret.ts";

export const PERSONAL_TOKEN_PREFIX = "pst_";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** 95 bits: no two tokens share an id by chance. It is no secret. */
const ID_LENGTH = 16;
/** 190 bits, more than anybody can guess or search through. */
const SECRET_LENGTH = 32;
/** 62^6 > 2^32, so that every CRC-32 fits. */
const CHECKSUM_LENGTH = 6;
/** The largest multiple of 62 that a byte can hold: bytes from here on would make the first digits likelier. */
const UNBIASED = 248;

const SHAPE = new RegExp(
  `^${PERSONAL_TOKEN_PREFIX}([0-9A-Za-z]{${ID_LENGTH}})_[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`,
);

/** A keyed hash by which a token is recognised; worthless without the key. */
export type TokenHash = Buffer;

/** A token that was just made. Its text is shown once and kept nowhere. */
export interface NewPersonalToken {
  readonly id: string;
  readonly token: Secret;
}

/** A token that is written as one. Nothing in it is proved. */
export type ParsedPersonalToken = { readonly id: string } | { readonly fault: string };

/** Makes a token from the system's randomness. */
export function newPersonalToken(): NewPersonalToken {
  const id = randomDigits(ID_LENGTH);
  const body = `${PERSONAL_TOKEN_PREFIX}${id}_${randomDigits(SECRET_LENGTH)}`;
  return { id, token: new Secret(body + checksum(body)) };
}

/** Whether a credential claims to be a personal access token. It proves nothing. */
export function isPersonalToken(text: string): boolean {
  return text.startsWith(PERSONAL_TOKEN_PREFIX);
}

/** The id of a token, or what is wrong with its text. */
export function parsePersonalToken(text: string): ParsedPersonalToken {
  const id = SHAPE.exec(text)?.[1];
  if (id === undefined) return { fault: "not the shape of a personal access token; it was cut or changed" };
  const body = text.slice(0, -CHECKSUM_LENGTH);
  if (text.slice(-CHECKSUM_LENGTH) !== checksum(body))
    return { fault: "the checksum is wrong; the token was copied with a mistake" };
  return { id };
}

/**
 * What the store keeps of a token: HMAC-SHA-256 (RFC 2104) of the whole text. Fast on purpose: 190 random bits need no
 * slow hash, and a login must not be a way to burn the gateway's time.
 */
export function hashPersonalToken(token: Secret, key: Secret): TokenHash {
  return createHmac("sha256", key.reveal()).update(token.reveal()).digest();
}

/** Whether a token is the one that a hash was made of, in time that does not depend on where they differ. */
export function matchesHash(token: Secret, key: Secret, hash: Uint8Array): boolean {
  return equalInConstantTime(hashPersonalToken(token, key), hash);
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = "";
  for (let place = 0; place < CHECKSUM_LENGTH; place++) {
    text = DIGITS.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}

function randomDigits(length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < UNBIASED && text.length < length) text += DIGITS.charAt(byte % 62);
    }
  }
  return text;
}
