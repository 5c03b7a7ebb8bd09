import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Binding,
  ExtendedQueryWriter,
  type ParameterValue,
} from "../../../src/protocol/extended-query.ts";
import { MessageStream } from "../../../src/protocol/message-stream.ts";

const text = fc.string({ unit: "grapheme", maxLength: 60 }).map((value) => value.replaceAll("\0", ""));
const wellFormed = text.map((value) => value.toWellFormed());
/** Around the length from which values are not copied, and beyond a piece of the writer's memory. */
const long = fc.constantFrom(5000, 5462, 16_383, 16_384, 70_000).map((length) => "é".repeat(length));
const parameter = fc.oneof(
  { weight: 6, arbitrary: wellFormed },
  { weight: 1, arbitrary: long },
  { weight: 1, arbitrary: long.map((value) => Buffer.from(value)) },
  {
    weight: 1,
    arbitrary: fc.array(
      fc.oneof(text, long).map((value) => Buffer.from(value)),
      { maxLength: 4 },
    ),
  },
  { weight: 3, arbitrary: fc.uint8Array({ maxLength: 50 }).map((array) => Buffer.from(array)) },
  { weight: 2, arbitrary: fc.constant(null) },
);

type Step =
  | {
      readonly kind: "parse";
      readonly name: string;
      readonly text: string;
      readonly types: readonly number[];
    }
  | { readonly kind: "bind"; readonly name: string; readonly binding: Binding }
  | { readonly kind: "execute" | "sync" }
  | { readonly kind: "close"; readonly name: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("parse" as const),
    name: wellFormed,
    text: fc.oneof(wellFormed, long),
    types: fc.array(fc.nat(2 ** 31 - 1), { maxLength: 5 }),
  }),
  fc.record({
    kind: fc.constant("bind" as const),
    name: wellFormed,
    binding: fc.array(parameter, { maxLength: 8 }).chain((parameters) =>
      fc.record({
        parameters: fc.constant(parameters),
        binaryParameters: fc.subarray(parameters.map((_, at) => at)),
        binary: fc.boolean(),
      }),
    ),
  }),
  fc.record({ kind: fc.constantFrom("execute" as const, "sync" as const) }),
  fc.record({ kind: fc.constant("close" as const), name: wellFormed }),
);

function write(writer: ExtendedQueryWriter, one: Step): void {
  if (one.kind === "parse") writer.parse(one.name, one.text, one.types);
  else if (one.kind === "bind") writer.bind(one.name, one.binding);
  else if (one.kind === "close") writer.closeStatement(one.name);
  else writer[one.kind]();
}

/** Reads what a server would read ("Message Formats"). */
class Body {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  string(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    const value = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return value;
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readUInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  value(): Buffer | null {
    const length = this.int32();
    if (length < 0) return null;
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  many<T>(count: number, one: () => T): T[] {
    return Array.from({ length: count }, one);
  }

  end(): void {
    assert.equal(this.#at, this.#bytes.length, "bytes after the message");
  }
}

function read(type: string, bytes: Buffer): unknown {
  const body = new Body(bytes);
  const whole = <T>(value: T): T => {
    body.end();
    return value;
  };
  switch (type) {
    case "P": {
      const [name, sql] = [body.string(), body.string()];
      return whole({ kind: "parse", name, text: sql, types: body.many(body.int16(), () => body.int32()) });
    }
    case "B": {
      const [portal, name] = [body.string(), body.string()];
      assert.equal(portal, "");
      const formats = body.many(body.int16(), () => body.int16());
      const parameters = body.many(body.int16(), () => body.value());
      return whole({
        kind: "bind",
        name,
        formats,
        parameters,
        results: body.many(body.int16(), () => body.int16()),
      });
    }
    case "E":
      return whole({ kind: "execute", portal: body.string(), limit: body.int32() });
    case "C": {
      const what = body.string();
      return whole({ kind: "close", what: what.slice(0, 1), name: what.slice(1) });
    }
    case "S":
      return whole({ kind: "sync" });
    default:
      return assert.fail(type);
  }
}

function expected(one: Step): unknown {
  switch (one.kind) {
    case "bind": {
      const { parameters, binaryParameters = [], binary } = one.binding;
      const formats = parameters.map((_, at) => (binaryParameters.includes(at) ? 1 : 0));
      return {
        kind: "bind",
        name: one.name,
        formats: binaryParameters.length === 0 ? [] : formats,
        parameters: parameters.map((value) => (value === null ? null : bytesOf(value))),
        results: [binary ? 1 : 0],
      };
    }
    case "execute":
      return { kind: "execute", portal: "", limit: 0 };
    case "close":
      return { kind: "close", what: "S", name: one.name };
    default:
      return { ...one };
  }
}

function bytesOf(value: Exclude<ParameterValue, null>): Buffer {
  if (typeof value === "string") return Buffer.from(value);
  return Buffer.isBuffer(value) ? value : Buffer.concat(value);
}

function messagesOf(pieces: readonly Buffer[]): { readonly type: string; readonly body: Buffer }[] {
  const messages: { type: string; body: Buffer }[] = [];
  const stream = new MessageStream(2 ** 30, (type, bytes, start, end) => {
    messages.push({ type: String.fromCharCode(type), body: bytes.subarray(start, end) });
  });
  for (const piece of pieces) stream.push(Buffer.from(piece)); // it keeps what it is given
  assert.ok(stream.atRest);
  return messages;
}

test("a server reads what was written, message by message, over many takes from one writer", () => {
  const writer = new ExtendedQueryWriter();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      for (const one of steps) write(writer, one);
      const messages = messagesOf(writer.take());
      assert.deepEqual(
        messages.map(({ type, body }) => read(type, body)),
        steps.map(expected),
      );
    }),
  );
});

test("what was taken does not change when more is written", () => {
  const writer = new ExtendedQueryWriter();
  writer.parse("a", "SELECT 1", []);
  const first = writer.take();
  const before = Buffer.concat(first);
  for (let n = 0; n < 10_000; n++) writer.bind("b", { parameters: ["x".repeat(40)], binary: false });
  writer.take();
  assert.deepEqual(Buffer.concat(first), before);
});

test("small messages go out as one piece, and a large value is not copied", () => {
  const writer = new ExtendedQueryWriter();
  for (let n = 0; n < 20; n++) writer.bind("b", { parameters: ["some text", null], binary: false });
  assert.equal(writer.take().length, 1);
  const large = Buffer.alloc(1_000_000);
  writer.bind("b", { parameters: ["a", large, "b"], binary: true });
  assert.ok(writer.take().includes(large));
});

test("what the protocol has no room for is refused, and the writer can be used afterwards", () => {
  const writer = new ExtendedQueryWriter();
  const parameters = Array.from({ length: 65_536 }, () => null);
  assert.throws(() => writer.bind("a", { parameters, binary: false }), RangeError);
  assert.throws(() => writer.parse("a", "SELECT '\0'", []), TypeError);
  assert.throws(() => writer.parse("\0", "SELECT", []), TypeError);
  writer.sync();
  assert.equal(Buffer.concat(writer.take()).toString("latin1"), "S\0\0\0\x04");
});
