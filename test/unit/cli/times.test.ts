import assert from "node:assert/strict";
import { test } from "node:test";
import { fromNow } from "../../../src/cli/times.ts";

test("a time is told by how far it is away, either way", () => {
  const now = Date.parse("2026-11-24T08:00:00Z");
  assert.equal(fromNow("2026-11-24T08:28:00.000Z", now), "in 28m");
  assert.equal(fromNow("2026-11-24T07:55:00.000Z", now), "5m ago");
});
