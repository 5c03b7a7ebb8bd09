import assert from "node:assert/strict";
import { test } from "node:test";
import { castType } from "../../../../../src/doors/rest/sql/cast.ts";
import { render } from "../../../../../src/doors/rest/sql/fragment.ts";

const TYPES: readonly (readonly [written: string, sql: string])[] = [
  ["text", '"text"'],
  ["TEXT", '"text"'],
  ["_int4", '"_int4"'],
  ["int", "int4"],
  ["Integer", "int4"],
  ["double precision", "float8"],
  ["timestamp with time zone", "timestamptz"],
  ["char", "char"],
  ["mood", '"mood"'],
  ['text) FROM secrets; --"', '"text) from secrets; --"""'],
];

for (const [written, text] of TYPES)
  test(`a cast to ${written} is a cast to ${text}`, () => assert.equal(render(castType(written)).text, text));
