import assert from "node:assert/strict";
import { test } from "node:test";
import type { SentStatement } from "../../../src/protocol/statements.ts";
import { Statements } from "../../../src/protocol/statements.ts";
import { int16, int32, text, typed } from "../../support/wire-bytes.ts";

const parse = (name: string, sql: string) => typed("P", Buffer.concat([text(name), text(sql), int16(0)]));
const execute = (portal: string, rows = 0) => typed("E", Buffer.concat([text(portal), int32(rows)]));
const query = (sql: string) => typed("Q", text(sql));
const SYNC = typed("S", Buffer.alloc(0));
const READY = typed("Z", Buffer.from("I"));
const DONE = (types: string) => Buffer.concat([...types].map((type) => typed(type, Buffer.alloc(0))));

/** @param formats of the parameters, by their codes */
function bind(name: string, values: readonly (Buffer | null)[] = [], formats: readonly number[] = []) {
  const parameters = values.flatMap((value) => (value === null ? [int32(-1)] : [int32(value.length), value]));
  const head = [text(""), text(name), int16(formats.length, ...formats), int16(values.length)];
  return typed("B", Buffer.concat([...head, ...parameters, int16(0)]));
}

function reader(withParameters = false) {
  const told: SentStatement[] = [];
  const statements = new Statements({ withParameters, onStatement: (sent) => told.push(sent) });
  return { statements, told, sql: () => told.map((sent) => sent.sql) };
}

/** What a client sends, and the server's answer to it. */
const CASES: Readonly<Record<string, readonly (readonly [sent: Buffer, answer: Buffer])[]>> = {
  "SELECT 1": [[query("SELECT 1"), READY]],
  "SELECT 1 | SELECT 2": [
    [query("SELECT 1"), READY],
    [query("SELECT 2"), READY],
  ],
  "SELECT $1": [
    [
      Buffer.concat([parse("", "SELECT $1"), bind(""), execute(""), SYNC]),
      Buffer.concat([DONE("12C"), READY]),
    ],
  ],
  "SELECT 1 | SELECT 1 | SELECT 1": [
    [Buffer.concat([parse("s", "SELECT 1"), SYNC]), Buffer.concat([DONE("1"), READY])],
    ...Array.from(
      { length: 3 },
      () => [Buffer.concat([bind("s"), execute(""), SYNC]), Buffer.concat([DONE("2C"), READY])] as const,
    ),
  ],
  "": [[Buffer.concat([parse("s", "SELECT 1"), bind("s"), SYNC]), Buffer.concat([DONE("12"), READY])]],
  "COPY t FROM STDIN | SELECT 1": [
    [query("COPY t FROM STDIN"), DONE("G")],
    [
      Buffer.concat([typed("d", Buffer.alloc(100_000, "Q")), typed("c", Buffer.alloc(0))]),
      Buffer.concat([DONE("C"), READY]),
    ],
    [query("SELECT 1"), READY],
  ],
  "(function call 42)": [[typed("F", Buffer.concat([int32(42), int16(0, 0, 0)])), READY]],
  '(prepared as "other")': [[Buffer.concat([bind("other"), execute(""), SYNC]), READY]],
};

for (const [expected, steps] of Object.entries(CASES))
  for (const pieces of [Number.POSITIVE_INFINITY, 1, 3, 7])
    test(`what was sent to be run is told: ${expected || "nothing"}, in pieces of ${pieces} bytes`, () => {
      const { statements, sql } = reader();
      for (const [sent, answer] of steps) {
        for (let at = 0; at < sent.length; at += pieces)
          statements.fromClient(sent.subarray(at, at + pieces));
        for (let at = 0; at < answer.length; at += pieces)
          statements.fromServer(answer.subarray(at, at + pieces));
      }
      assert.equal(sql().join(" | "), expected);
    });

test("values of parameters are told when they are wanted: text, binary, NULL", () => {
  const { statements, told } = reader(true);
  const values = [Buffer.from("a'b\n"), Buffer.from([0, 255]), null];
  statements.fromClient(
    Buffer.concat([parse("", "SELECT $1, $2, $3"), bind("", values, [0, 1, 0]), execute(""), SYNC]),
  );
  assert.deepEqual(told[0]?.parameters, ["a'b\n", "\\x00ff", null]);
});

test("values of parameters are not told when they are not wanted", () => {
  const { statements, told } = reader();
  statements.fromClient(
    Buffer.concat([parse("", "SELECT $1"), bind("", [Buffer.from("x")]), execute(""), SYNC]),
  );
  assert.equal(told[0]?.parameters, undefined);
});

test("of a statement of any length the beginning is told, and how long it was", () => {
  const { statements, told } = reader();
  const sent = query(`SELECT '${"x".repeat(5_000_000)}'`);
  for (let at = 0; at < sent.length; at += 65_536) statements.fromClient(sent.subarray(at, at + 65_536));
  statements.fromClient(query("SELECT 2"));
  const [large, next] = told;
  assert.deepEqual([large?.sql.length, large?.bytes, next?.sql], [32 * 1024, sent.length - 5, "SELECT 2"]);
});

test("messages that are cut short or lie about their lengths harm nobody", () => {
  for (const bytes of [
    typed("F", Buffer.alloc(0)),
    typed("B", Buffer.alloc(0)),
    typed("B", Buffer.concat([text(""), text("s"), int16(9)])),
    typed("B", Buffer.concat([text(""), text("s"), int16(0), int16(2), int32(1_000_000)])),
    typed("P", Buffer.from("no end")),
    Buffer.from("51ffffffff00", "hex"),
  ]) {
    const { statements } = reader(true);
    statements.fromClient(bytes);
    statements.fromClient(Buffer.concat([execute(""), SYNC]));
    statements.fromServer(Buffer.concat([DONE("123EG"), READY]));
  }
});
