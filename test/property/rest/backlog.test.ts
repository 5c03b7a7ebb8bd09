import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Backlog } from "../../../src/doors/rest/http/backlog.ts";

/** Pieces as a wire brings them: each has its memory to itself. */
const chunk = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(new Uint8Array(bytes).buffer)),
  fc
    .integer({ min: 4096, max: 20_000 })
    .map((length) => Buffer.from(new Uint8Array(length).fill(length).buffer)),
);
const step = fc.oneof(
  fc.record({
    do: fc.constant("push" as const),
    chunk,
    expected: fc.option(fc.integer({ min: 1, max: 99_999 })),
  }),
  fc.record({ do: fc.constant("append" as const), chunk }),
  fc.record({
    do: fc.constantFrom("take" as const, "skip" as const),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

test("what a backlog gave away stays as it was, whatever memory it gives back", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const backlog = new Backlog();
      let model = Buffer.alloc(0);
      const given: [Buffer, Buffer][] = [];
      for (const next of steps) {
        if (next.do === "push" || next.do === "append") {
          model = Buffer.concat([model, next.chunk]);
          const own = Buffer.from(new Uint8Array(next.chunk).buffer);
          if (next.do === "push") backlog.push(own, next.expected ?? undefined);
          else backlog.append(own);
        } else {
          const length = Math.floor(model.length * next.part);
          if (next.do === "take") given.push([backlog.take(length), model.subarray(0, length)]);
          else backlog.skip(length);
          model = model.subarray(length);
        }
        assert.ok(backlog.view.equals(model));
        assert.equal(backlog.length, model.length);
      }
      for (const [took, was] of given) assert.ok(took.equals(was));
    }),
  );
});

test("the memory of large pieces is given back as soon as they were copied", () => {
  const backlog = new Backlog();
  const [first, second] = [Buffer.allocUnsafeSlow(10_000).fill(1), Buffer.allocUnsafeSlow(10_000).fill(2)];
  backlog.push(first, 20_000);
  backlog.push(second, 20_000);
  assert.deepEqual([first.length, second.length], [0, 0]);
  assert.equal(backlog.take(20_000).buffer.byteLength, 20_000);
});

test("a large announcement gets little room before much has come", () => {
  const backlog = new Backlog();
  backlog.push(Buffer.from("a"), 64_000_000);
  backlog.push(Buffer.from("b"), 64_000_000);
  assert.equal(backlog.view.buffer.byteLength, 1_000_000);
});
