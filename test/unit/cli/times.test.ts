import assert from "node:assert/strict";
import { test } from "node:test";
import { fromNow, spanText } from "../../../src/cli/times.ts";

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

test("a time is told by how far it is away, either way", () => {
  const now = Date.parse("2026-11-24T08:00:00Z");
  assert.equal(fromNow("2026-11-24T08:28:00.000Z", now), "in 28m");
  assert.equal(fromNow("2026-11-24T07:55:00.000Z", now), "5m ago");
});
