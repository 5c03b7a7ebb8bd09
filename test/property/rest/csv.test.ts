import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CsvReader } from "../../../src/doors/rest/request/payload/csv.ts";

/** Characters that CSV, JSON or UTF-8 make something of, among others. */
const text = fc.string({ unit: fc.constantFrom(...'"\\,\r\n\t\u0000ab é名😀NUL'), maxLength: 12 });
const field = fc.oneof(text, fc.constantFrom("", "NULL", "x".repeat(70_000), '"'.repeat(40_000)));
const table = fc
  .uniqueArray(
    text.filter((name) => name !== ""),
    { minLength: 2, maxLength: 4 },
  )
  .chain((names) =>
    fc.record({
      names: fc.constant(names),
      rows: fc.array(fc.tuple(...names.map(() => field)), { maxLength: 5 }),
    }),
  );

const quote = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

test("JSON made of CSV holds the very fields, wherever its slices and pieces end", () => {
  fc.assert(
    fc.property(
      table,
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.integer({ min: 1, max: 50 }),
      (given, end, step) => {
        const lines = [given.names, ...given.rows].map((fields) => fields.map(quote).join(","));
        const body = Buffer.from(lines.join(end));
        const reader = new CsvReader(body);
        for (let position = step; !reader.advance(Math.min(position, body.length)); position += step);
        const { rows, body: pieces } = reader.result();
        const objects = given.rows.map((fields) =>
          Object.fromEntries(
            given.names.map((name, at) => [name, fields[at] === "NULL" ? null : fields[at]]),
          ),
        );
        assert.equal(rows, objects.length);
        assert.deepEqual(JSON.parse(Buffer.concat(pieces).toString()), objects);
      },
    ),
  );
});
