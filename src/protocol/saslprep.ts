import {
  leftToRight,
  mappedToNothing,
  nonAsciiSpaces,
  prohibited,
  rightToLeft,
  unassigned,
} from "./stringprep-tables.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is meant
const ASCII = /^[\x00-\x7f]*$/;

/**
 * A password as PostgreSQL hashes it: SASLprep (RFC 4013), and the password unchanged when that does not permit it.
 * The checks look at the text before NFKC, as the server's do (PostgreSQL's src/common/saslprep.c), or else the two
 * would disagree about rare passwords.
 */
export function saslprep(password: string): string {
  if (ASCII.test(password)) return password;
  const mapped: number[] = [];
  for (const character of password) {
    const code = character.codePointAt(0) ?? 0;
    if (nonAsciiSpaces.has(code)) mapped.push(0x20);
    else if (!mappedToNothing.has(code)) mapped.push(code);
  }
  if (mapped.length === 0 || mapped.some((code) => prohibited.has(code) || unassigned.has(code))) {
    return password;
  }
  if (!directionsAgree(mapped)) return password;
  return String.fromCodePoint(...mapped).normalize("NFKC");
}

/** RFC 3454 §6: right-to-left text holds no left-to-right character, and begins and ends right-to-left. */
function directionsAgree(codes: readonly number[]): boolean {
  if (!codes.some((code) => rightToLeft.has(code))) return true;
  const ends = rightToLeft.has(codes[0] ?? 0) && rightToLeft.has(codes.at(-1) ?? 0);
  return ends && !codes.some((code) => leftToRight.has(code));
}
