import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBase64url, encodeBase64url } from "../../../src/identity/base64url.ts";

test("what was encoded is decoded again", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.deepEqual(decodeBase64url(encodeBase64url(bytes)), Buffer.from(bytes));
    }),
  );
});

test("every byte string has exactly one spelling", () => {
  const characters = fc.constantFrom(..."ABYZabyz0189-_+/= \n.\0é");
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      const bytes = decodeBase64url(text);
      if (bytes === undefined) return;
      assert.match(text, /^[A-Za-z0-9_-]*$/);
      assert.equal(encodeBase64url(bytes), text);
    }),
    { numRuns: 20_000 },
  );
});

test("any character outside the alphabet spoils a text", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 3 }),
      fc.nat(),
      fc.string({ minLength: 1 }),
      (bytes, at, noise) => {
        fc.pre(!/^[A-Za-z0-9_-]*$/.test(noise));
        const text = encodeBase64url(bytes);
        const place = at % (text.length + 1);
        assert.equal(decodeBase64url(text.slice(0, place) + noise + text.slice(place)), undefined);
      },
    ),
  );
});
