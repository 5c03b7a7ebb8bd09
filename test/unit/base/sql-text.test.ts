import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayLiteral, quoteIdentifier, quoteQualified } from "../../../src/base/sql-text.ts";

for (const [name, quoted] of [
  ["films", '"films"'],
  ['we"ird', '"we""ird"'],
  ['"', '""""'],
  ["a.b; --", '"a.b; --"'],
] as const)
  test(`the name ${name} is written ${quoted}`, () => assert.equal(quoteIdentifier(name), quoted));

test("a name with its schema is two names", () => {
  assert.equal(quoteQualified("api.check"), '"api"."check"');
  assert.equal(quoteQualified("check"), '"check"');
});

for (const [values, literal] of [
  [[], "{}"],
  [["a", "b,c", ""], '{"a","b,c",""}'],
  [['"', "\\", '\\"'], String.raw`{"\"","\\","\\\""}`],
  [["NULL", "{}"], '{"NULL","{}"}'],
] as const)
  test(`the array ${JSON.stringify(values)} is written ${literal}`, () =>
    assert.equal(arrayLiteral(values), literal));
