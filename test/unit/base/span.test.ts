import assert from "node:assert/strict";
import { test } from "node:test";
import { spanText } from "../../../src/base/span.ts";

const MINUTE = 60_000;

test("a span is told as exactly as is of use", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0s"],
    [45_400, "45s"],
    [90_000, "90s"],
    [29.9 * MINUTE, "30m"],
    [60 * MINUTE, "1h"],
    [90 * MINUTE, "1h30m"],
    [47 * 60 * MINUTE + 59.8 * MINUTE, "48h"],
    [48 * 60 * MINUTE, "2d"],
    [100 * 60 * MINUTE, "4d4h"],
  ];
  for (const [ms, text] of cases) assert.equal(spanText(ms), text, String(ms));
});
