import assert from "node:assert/strict";
import { test } from "node:test";
import { legible, legibleJson, table } from "../../../src/cli/text.ts";

const HOSTILE = "a\u001b[2K\nb\u009b1A\u202ec\u2028d\u2066";

test("what others wrote cannot move the cursor, begin a line or turn the reading around", () => {
  assert.equal(legible(HOSTILE), "a\\u001b[2K\\u000ab\\u009b1A\\u202ec\\u2028d\\u2066");
  assert.equal(legible("naïve 日本 ok"), "naïve 日本 ok");
});

test("JSON keeps its meaning when what cannot be seen is written as an escape", () => {
  const text = legibleJson({ [HOSTILE]: [HOSTILE] });
  assert.deepEqual(JSON.parse(text), { [HOSTILE]: [HOSTILE] });
  assert.match(text, /^[\n\x20-\x7e]+$/);
});

test("a table has its columns below their heads, and cuts what is too long", () => {
  assert.deepEqual(
    table(
      ["ID", "REASON"],
      [
        ["1234", "short"],
        ["5", `x\n${"y".repeat(100)}`],
      ],
    ).split("\n"),
    ["ID    REASON", "1234  short", `5     x\\u000a${"y".repeat(64)}…`],
  );
});
