import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_DEPTH, MAX_VALUES, parseJson, parseJsonObject } from "../../../src/identity/json.ts";

const read = [
  "null",
  "true",
  " [ ] ",
  "{}",
  '{"a":{"b":[1,2,{"c":null}]}}',
  "-0.5e-7",
  "0",
  "123456789012345678901234567890",
  "1e308",
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"',
  '"é😀\u2028"',
  '{"__proto__":1,"constructor":2}',
  "\t\r\n 1 \n",
];
for (const text of read) {
  test(`JSON is read as everybody reads it: ${text.trim()}`, () => {
    const parsed = parseJson(text);
    assert.ok("value" in parsed);
    assert.equal(JSON.stringify(parsed.value), JSON.stringify(JSON.parse(text)));
  });
}

const refused = [
  "",
  " ",
  "{",
  "[1",
  "[1,]",
  '{"a":1,}',
  '{"a" 1}',
  "{a:1}",
  "{'a':1}",
  '"',
  '"\\x"',
  '"\\u12"',
  '"\\u12G4"',
  '"\t"',
  "01",
  "1.",
  ".5",
  "+1",
  "-",
  "1e",
  "0x1",
  "1e400",
  "-1e400",
  "NaN",
  "Infinity",
  "tru",
  "nulll",
  "1 2",
  "// 1",
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":1}',
  '{"__proto__":1,"__proto__":2}',
  "\uFEFF1",
  "\u00a01",
  "\v1",
];
for (const text of refused) {
  test(`JSON that is wrong, ambiguous or out of range is refused: ${JSON.stringify(text)}`, () => {
    assert.ok("fault" in parseJson(text));
  });
}

test("objects have no prototype, so no name in them means anything else", () => {
  const parsed = parseJson('{"__proto__":{"admin":true},"a":{}}');
  assert.ok("value" in parsed);
  const object = parsed.value as { a: object };
  assert.equal(Object.getPrototypeOf(object), null);
  assert.equal(Object.getPrototypeOf(object.a), null);
  assert.ok(!("admin" in object));
});

test("depth is bounded exactly", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.ok("value" in parseJson(nested(MAX_DEPTH)));
  assert.deepEqual(parseJson(nested(MAX_DEPTH + 1)), { fault: `nested deeper than ${MAX_DEPTH}` });
  assert.ok("fault" in parseJson(nested(1_000_000)));
});

test("the number of values is bounded exactly", () => {
  const list = (values: number) => `[${Array(values - 1).fill(0)}]`;
  assert.ok("value" in parseJson(list(MAX_VALUES)));
  assert.deepEqual(parseJson(list(MAX_VALUES + 1)), { fault: `more than ${MAX_VALUES} values` });
});

test("bytes that are not UTF-8, or not an object, are refused", () => {
  assert.deepEqual(parseJsonObject(Buffer.from([0x7b, 0x22, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d])), {
    fault: "not UTF-8",
  });
  assert.deepEqual(parseJsonObject(Buffer.from("[]")), { fault: "not a JSON object" });
  assert.deepEqual(parseJsonObject(Buffer.from("null")), { fault: "not a JSON object" });
});
