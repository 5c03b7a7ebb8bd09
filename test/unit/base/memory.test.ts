import assert from "node:assert/strict";
import { test } from "node:test";
import { partOfMemory, Reclaimer } from "../../../src/base/memory.ts";

const BLOCK = 65_536;
const RECORD = 16_384;

/** Four records that lie in one block. */
function records(): readonly Buffer[] {
  const block = Buffer.from(new ArrayBuffer(BLOCK));
  return [0, 1, 2, 3].map((n) => block.subarray(n * RECORD, (n + 1) * RECORD));
}

/** Whether the memory of a chunk was given back. */
const gone = ({ buffer }: Buffer): boolean => buffer.byteLength === 0;

test("memory that chunks share is given back with the last of them, and not before", () => {
  const reclaimer = new Reclaimer();
  const chunks = records();
  const kept = chunks[0] ?? assert.fail();
  for (const chunk of chunks) {
    assert.equal(gone(kept), false);
    reclaimer.add(chunk);
  }
  assert.equal(gone(kept), true);
});

test("a chunk that has its memory for itself is given back at once, between others too", () => {
  const reclaimer = new Reclaimer();
  const [first = assert.fail()] = records();
  const alone = Buffer.from(new ArrayBuffer(BLOCK));
  reclaimer.add(first);
  reclaimer.add(alone);
  assert.deepEqual([gone(first), gone(alone)], [false, true]);
});

const partly: readonly (readonly [what: string, order: readonly number[]])[] = [
  ["its beginning", [1, 2, 3]],
  ["its middle", [0, 1, 3]],
  ["its end", [0, 1, 2]],
  ["a part that was said to be free twice", [0, 1, 1, 3]],
  ["nothing, but in another order", [1, 0, 3, 2]],
];
for (const [what, order] of partly)
  test(`memory is kept while somebody may need ${what}`, () => {
    const reclaimer = new Reclaimer();
    const chunks = records();
    for (const at of order) reclaimer.add(chunks[at] ?? assert.fail());
    assert.deepEqual(
      chunks.map((chunk) => gone(chunk)),
      [false, false, false, false],
    );
  });

test("a part of the memory is enough for a body of the largest size", () => {
  assert.ok(partOfMemory() >= 64 * 1024 * 1024);
});
