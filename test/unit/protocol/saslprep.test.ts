import assert from "node:assert/strict";
import { test } from "node:test";
import { saslprep } from "../../../src/protocol/saslprep.ts";

/** Examples of RFC 4013 §3, and what PostgreSQL does where SASLprep fails: the password as it is. */
const cases: readonly (readonly [what: string, input: string, output: string])[] = [
  ["ASCII", "user", "user"],
  ["case", "USER", "USER"],
  ["a soft hyphen is mapped to nothing", "I\u00adX", "IX"],
  ["compatibility forms are normalised", "\u00aa", "a"],
  ["NFKC composes", "\u2168", "IX"],
  ["a non-ASCII space becomes a space", "a\u00a0b\u3000c", "a b c"],
  ["ASCII control characters are kept", "a\u0007b", "a\u0007b"],
  ["a prohibited character leaves all as it is", "\u2168\u0085", "\u2168\u0085"],
  ["mixed directions leave all as it is", "\u0627\u0031\u2168", "\u0627\u0031\u2168"],
  ["right-to-left text is accepted", "\u0627\u00ad\u0628", "\u0627\u0628"],
  ["what Unicode 3.2 did not know leaves all as it is", "\u2460\u{1f600}", "\u2460\u{1f600}"],
  ["nothing but what is mapped to nothing is kept", "\u00ad\u00ad", "\u00ad\u00ad"],
];

for (const [what, input, output] of cases) {
  test(`passwords are prepared as PostgreSQL does: ${what}`, () => assert.equal(saslprep(input), output));
}
