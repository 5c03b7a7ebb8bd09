import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SentStatement } from "../../../src/protocol/statements.ts";
import { Statements } from "../../../src/protocol/statements.ts";
import { int16, int32, text, typed } from "../../support/wire-bytes.ts";

const names = fc.constantFrom("", "a", "b", "ä");
const sql = fc.string({ unit: "binary", maxLength: 12 });
const value = fc.option(fc.uint8Array({ maxLength: 6 }), { freq: 4 });
const SYNC = typed("S", Buffer.alloc(0));

const bind = (
  portal: string,
  name: string,
  formats: readonly number[],
  values: readonly (Uint8Array | null)[],
) =>
  typed(
    "B",
    Buffer.concat([
      text(portal),
      text(name),
      int16(formats.length, ...formats),
      int16(values.length),
      ...values.flatMap((bytes) => (bytes === null ? [int32(-1)] : [int32(bytes.length), bytes])),
      int16(0),
    ]),
  );

/** Whole messages, as a driver sends them, and such as no driver would: cut short, without an end, of unknown kinds. */
const messages: fc.Arbitrary<Buffer> = fc.oneof(
  sql.map((query) => typed("Q", text(query))),
  fc.tuple(names, sql).map(([name, query]) => typed("P", Buffer.concat([text(name), text(query), int16(0)]))),
  fc
    .tuple(names, names, fc.array(fc.nat(1), { maxLength: 3 }), fc.array(value, { maxLength: 3 }))
    .map(([portal, name, formats, values]) => bind(portal, name, formats, values)),
  names.map((portal) => typed("E", Buffer.concat([text(portal), int32(0)]))),
  fc.constant(SYNC),
  fc
    .tuple(fc.constantFrom("Q", "P", "B", "E", "C", "F", "S", "d", "X"), fc.uint8Array({ maxLength: 20 }))
    .map(([type, body]) => typed(type, Buffer.from(body))),
);

function told(chunks: readonly Buffer[]): SentStatement[] {
  const sent: SentStatement[] = [];
  const statements = new Statements({ withParameters: true, onStatement: (each) => sent.push(each) });
  for (const chunk of chunks) statements.fromClient(chunk);
  return sent;
}

test("what was sent is told alike, however its messages are put together in chunks, and cut", () =>
  fc.assert(
    fc.property(fc.array(messages, { maxLength: 20 }), fc.array(fc.nat()), (sent, places) => {
      const stream = Buffer.concat(sent);
      const cuts = [...places.map((place) => place % (stream.length + 1)), stream.length].sort(
        (a, b) => a - b,
      );
      const pieces = cuts.map((cut, index) => stream.subarray(cuts[index - 1] ?? 0, cut));
      const each = told(sent);
      assert.deepEqual(told([stream]), each);
      assert.deepEqual(told(pieces), each);
    }),
    { numRuns: 2000 },
  ));
