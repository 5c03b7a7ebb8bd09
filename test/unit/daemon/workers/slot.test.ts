import assert from "node:assert/strict";
import { test } from "node:test";
import { Slot } from "../../../../src/daemon/workers/slot.ts";

test("a worker that keeps dying is replaced more and more slowly, up to a bound", () => {
  const slot = new Slot(1);
  const waits = Array.from({ length: 9 }, () => slot.restartAfter(1000));
  assert.deepEqual(waits, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

test("a worker that served for a minute is replaced at once again", () => {
  const slot = new Slot(1);
  for (let n = 0; n < 5; n++) slot.restartAfter(1000);
  assert.deepEqual([slot.restartAfter(61_000), slot.restartAfter(1000)], [100, 200]);
});
