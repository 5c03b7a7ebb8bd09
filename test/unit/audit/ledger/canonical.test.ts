import assert from "node:assert/strict";
import { test } from "node:test";
import type { Json } from "../../../../src/audit/ledger/canonical.ts";
import { canonicalJson } from "../../../../src/audit/ledger/canonical.ts";

/** RFC 8785 §3.2.2, §3.2.3 and Appendix B. */
const VECTORS: readonly (readonly [what: string, value: Json, text: string])[] = [
  [
    "the example of §3.2.2",
    {
      numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\u002f",
      literals: [null, true, false],
    },
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  ],
  [
    "members in the order of UTF-16 code units, §3.2.3",
    {
      "\u20ac": "Euro Sign",
      "\r": "Carriage Return",
      "\ufb33": "Hebrew Letter Dalet With Dagesh",
      "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face",
      "\u0080": "Control",
      "\u00f6": "Latin Small Letter O With Diaeresis",
    },
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign","😀":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  ],
  ["minus zero, Appendix B", -0, "0"],
  ["the smallest number, Appendix B", 5e-324, "5e-324"],
  ["the largest whole numbers, Appendix B", [9007199254740992, 1e21, 1e23], "[9007199254740992,1e+21,1e+23]"],
  ["members that are undefined", { a: undefined, b: 1 }, '{"b":1}'],
];

for (const [what, value, text] of VECTORS)
  test(`${what} is written as RFC 8785 says`, () => assert.equal(canonicalJson(value), text));

for (const value of [Number.NaN, Number.POSITIVE_INFINITY, "\ud800", { "\udfff": 1 }])
  test(`${JSON.stringify(value)} (${typeof value}) has no canonical form`, () =>
    assert.throws(() => canonicalJson(value), TypeError));
