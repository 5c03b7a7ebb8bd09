import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MAX_DEPTH, parseJson, parseJsonObject } from "../../../src/identity/json.ts";

/** What JSON.parse makes of a text, or undefined. */
function reference(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
const wellFormed = (value: unknown): boolean =>
  typeof value === "string"
    ? value.isWellFormed()
    : typeof value !== "object" || value === null || Object.entries(value).flat().every(wellFormed);
const finite = (value: unknown): boolean =>
  typeof value === "number"
    ? Number.isFinite(value)
    : typeof value !== "object" || value === null || Object.values(value).every(finite);

/** Texts that are nearly JSON: made of its pieces, or JSON with something changed. */
const pieces = fc.constantFrom(
  ...'{}[],:"\\ue0123456789-+. \t\nabtrufalsn',
  "null",
  "true",
  '"a"',
  '"__proto__"',
  "\\ud83d",
  "\\ude00",
  "1e9",
  "1e999",
  "\uFEFF",
  "\u00a0",
  "\0",
);
const nearly = fc.oneof(
  fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join("")),
  fc.tuple(fc.json(), fc.nat(), pieces).map(([text, at, piece]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + piece + text.slice(place + (at % 2));
  }),
  fc.string(),
);

test("every JSON text is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: MAX_DEPTH - 1 }), fc.boolean(), (value, spaced) => {
      const text = JSON.stringify(value, undefined, spaced ? 2 : undefined);
      fc.pre(wellFormed(value));
      const parsed = parseJson(text);
      assert.ok("value" in parsed);
      assert.equal(JSON.stringify(parsed.value), JSON.stringify(JSON.parse(text)));
    }),
    { numRuns: 2000 },
  );
});

test("whatever is accepted, JSON.parse accepts with the same meaning; what is refused has a reason", () => {
  fc.assert(
    fc.property(nearly, (text) => {
      const parsed = parseJson(text);
      const known = reference(text);
      if ("value" in parsed) {
        assert.ok(known !== undefined);
        assert.equal(JSON.stringify(parsed.value), JSON.stringify(known.value));
        return;
      }
      const strict =
        known === undefined ||
        /duplicate|lone surrogate|out of range/.test(parsed.fault) ||
        depthOf(known.value) > MAX_DEPTH ||
        !finite(known.value);
      assert.ok(strict, `${JSON.stringify(text)}: ${parsed.fault}`);
    }),
    { numRuns: 20_000 },
  );
});

test("no bytes make the reader throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const parsed = parseJsonObject(bytes);
      assert.ok("value" in parsed || parsed.fault.length > 0);
    }),
    { numRuns: 5000 },
  );
});
