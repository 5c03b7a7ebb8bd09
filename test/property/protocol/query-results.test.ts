import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkDataRow, sliceDataRow } from "../../../src/protocol/query-results.ts";

/** What a check says of some bytes: nothing, or what is wrong. */
function verdict(check: (bytes: Buffer, start: number, end: number) => unknown, bytes: Buffer): string {
  try {
    check(bytes, 0, bytes.length);
    return "a row";
  } catch (error) {
    return String(error);
  }
}

const length = fc.oneof(fc.integer({ min: -2, max: 5 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
const column = fc.tuple(length, fc.uint8Array({ maxLength: 5 })).map(([words, value]) => {
  const bytes = Buffer.alloc(4 + value.length, 0);
  bytes.writeInt32BE(words);
  bytes.set(value, 4);
  return bytes;
});
const rows = fc
  .tuple(fc.nat({ max: 4 }), fc.array(column, { maxLength: 4 }))
  .map(([count, columns]) => Buffer.concat([Buffer.of(0, count), ...columns]));

test("a row that nobody reads is refused for whatever a row that is read would be", () => {
  fc.assert(
    fc.property(fc.oneof(rows, fc.uint8Array({ maxLength: 12 }).map(Buffer.from)), (bytes) => {
      assert.equal(verdict(checkDataRow, bytes), verdict(sliceDataRow, bytes));
    }),
    { numRuns: 2000 },
  );
});
