import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { message } from "../../../src/protocol/bytes.ts";
import { ProtocolFault } from "../../../src/protocol/fault.ts";
import { MessageStream, TooLong } from "../../../src/protocol/message-stream.ts";
import {
  commandTag,
  parseNotification,
  readyStatus,
  sliceDataRow,
} from "../../../src/protocol/query-results.ts";

const LIMIT = 10_000;
const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const type = fc.constantFrom(..."DCZSNA123");

function readAll(chunks: readonly Buffer[]): {
  readonly messages: [string, Buffer][];
  readonly atRest: boolean;
} {
  const messages: [string, Buffer][] = [];
  const stream = new MessageStream(LIMIT, (code, memory, start, end) => {
    messages.push([String.fromCharCode(code), memory.subarray(start, end)]);
  });
  for (const chunk of chunks) stream.push(chunk);
  return { messages, atRest: stream.atRest };
}

/** `whole`, cut at the given places. */
function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const inside = places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b);
  const ends = [0, ...inside, whole.length];
  return ends.slice(1).map((end, at) => whole.subarray(ends[at], end));
}

test("messages of a session are the same however the network splits and joins them", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(type, bytes), { maxLength: 8 }),
      bytes.map((rest) => rest.subarray(0, 4)),
      fc.array(fc.nat(), { maxLength: 12 }),
      (parts, rest, places) => {
        const sent = Buffer.concat([...parts.map(([code, body]) => message(code, body)), rest]);
        const { messages, atRest } = readAll(cut(sent, places));
        assert.deepEqual(messages, parts);
        assert.equal(atRest, rest.length === 0);
      },
    ),
  );
});

test("messages of a session are the same byte by byte", () => {
  const parts = [
    message("1"),
    message("D", Buffer.from([0, 1, 0, 0, 0, 1, 65])),
    message("C", "SELECT 1\0"),
    message("Z", "I"),
  ];
  const whole = Buffer.concat(parts);
  const { messages } = readAll(Array.from(whole, (byte) => Buffer.of(byte)));
  assert.deepEqual(
    messages.map(([code, body]) => message(code, body)),
    parts,
  );
});

test("a length that is impossible or over the limit is refused from the header alone", () => {
  const length = fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 3 }),
    fc.integer({ min: LIMIT + 1, max: 2 ** 31 - 1 }),
  );
  fc.assert(
    fc.property(type, length, fc.nat(4), (code, value, place) => {
      const header = Buffer.alloc(5);
      header.write(code, "latin1");
      header.writeInt32BE(value, 1);
      assert.throws(
        () => readAll(cut(header, [place])),
        (error) => {
          assert.ok(error instanceof ProtocolFault);
          assert.equal(error instanceof TooLong && error.type === code.charCodeAt(0), value > LIMIT);
          return true;
        },
      );
    }),
  );
});

test("a row's columns are where they were put, and no memory is copied for them", () => {
  fc.assert(
    fc.property(fc.array(fc.option(bytes)), bytes, bytes, (columns, before, after) => {
      const parts = columns.flatMap((value) => {
        const length = Buffer.alloc(4);
        length.writeInt32BE(value === null ? -1 : value.length);
        return value === null ? [length] : [length, value];
      });
      const count = Buffer.of(columns.length >> 8, columns.length & 0xff);
      const memory = Buffer.concat([before, count, ...parts, after]);
      const row = sliceDataRow(memory, before.length, memory.length - after.length);
      assert.deepEqual(row, columns);
      for (const column of row) assert.ok(column === null || column.buffer === memory.buffer);
    }),
  );
});

test("no bytes make the decoders of a session's messages do anything but return or refuse", () => {
  const decoders = [
    (body: Buffer) => sliceDataRow(body, 0, body.length),
    (body: Buffer) => commandTag(body, 0, body.length),
    (body: Buffer) => readyStatus(body, 0, body.length),
    parseNotification,
  ];
  fc.assert(
    fc.property(fc.constantFrom(...decoders), bytes, (decode, body) => {
      try {
        decode(body);
      } catch (error) {
        assert.ok(error instanceof ProtocolFault, String(error));
      }
    }),
  );
});

test("command tags, states and notifications read as what a server means", () => {
  const read = <T>(decode: (memory: Buffer, start: number, end: number) => T, body: string) => {
    const memory = Buffer.from(`..${body}..`);
    return decode(memory, 2, memory.length - 2);
  };
  assert.equal(read(commandTag, "INSERT 0 5\0"), "INSERT 0 5");
  for (const status of ["I", "T", "E"]) assert.equal(read(readyStatus, status), status);
  const body = Buffer.concat([Buffer.from([0, 0, 1, 0]), Buffer.from("pgrst\0réload\0")]);
  assert.deepEqual(parseNotification(body), { processId: 256, channel: "pgrst", payload: "réload" });
});
