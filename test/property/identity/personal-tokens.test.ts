import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Secret } from "../../../src/base/secret.ts";
import {
  hashPersonalToken,
  matchesHash,
  newPersonalToken,
  parsePersonalToken,
} from "../../../src/identity/personal-tokens/token.ts";

const key = new Secret("a key of the store");

test("every token that is made is well-formed, carries its id, and matches its own hash only", () => {
  fc.assert(
    fc.property(fc.nat(), () => {
      const [one, other] = [newPersonalToken(), newPersonalToken()];
      assert.match(one.token.reveal(), /^pst_[0-9A-Za-z]{16}_[0-9A-Za-z]{38}$/);
      assert.deepEqual(parsePersonalToken(one.token.reveal()), { id: one.id });
      assert.equal(matchesHash(one.token, key, hashPersonalToken(one.token, key)), true);
      assert.equal(matchesHash(other.token, key, hashPersonalToken(one.token, key)), false);
      assert.equal(matchesHash(one.token, new Secret("another"), hashPersonalToken(one.token, key)), false);
    }),
  );
});

test("a token with one character changed, left out or added is told by its text alone", () => {
  const change = fc.record({
    at: fc.nat(58),
    with: fc.constantFrom(..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_ é"),
    how: fc.constantFrom("change", "drop", "add"),
  });
  fc.assert(
    fc.property(change, ({ at, with: character, how }) => {
      const text = newPersonalToken().token.reveal();
      const [head, tail] = [text.slice(0, at), text.slice(how === "add" ? at : at + 1)];
      const changed = how === "drop" ? head + tail : head + character + tail;
      fc.pre(changed !== text);
      assert.ok("fault" in parsePersonalToken(changed), changed);
    }),
  );
});

test("two neighbours that changed places are told by the checksum", () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 57 }), (at) => {
      const text = newPersonalToken().token.reveal();
      const swapped = text.slice(0, at) + text.charAt(at + 1) + text.charAt(at) + text.slice(at + 2);
      fc.pre(swapped !== text);
      assert.ok("fault" in parsePersonalToken(swapped));
    }),
  );
});

test("digits of made tokens are spread evenly: no bias of the random bytes", () => {
  const counts = new Map<string, number>();
  for (let made = 0; made < 2000; made++) {
    for (const digit of newPersonalToken().token.reveal().slice(21, 53))
      counts.set(digit, (counts.get(digit) ?? 0) + 1);
  }
  // 64,000 digits, 1032 expected each: six standard deviations are 192, and the bias of a plain modulo is 258.
  assert.equal(counts.size, 62);
  for (const [digit, count] of counts) assert.ok(Math.abs(count - 1032) < 192, `${digit}: ${count}`);
});

test("no text at all makes the parser throw", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.ok("fault" in parsePersonalToken(`pst_${text}`));
    }),
  );
});
