import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { variableName } from "../../../src/upstream/secrets.ts";

test("a role's variable is its name in upper case, with other characters spelled out", () => {
  for (const [role, name] of [
    ["app", "APP"],
    ["app_2", "APP_2"],
    ["other-app", "OTHERx2dAPP"],
    ["other_app", "OTHER_APP"],
    ["App", "x41PP"],
    ["é", "xc3xa9"],
  ] as const)
    assert.equal(variableName(role), name);
});

test("no two roles have the same variable", () => {
  const role = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."abxX_-2d4 é"), minLength: 1, maxLength: 8 }),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((text) => text.isWellFormed()),
  );
  fc.assert(
    fc.property(role, role, (one, other) => {
      assert.equal(variableName(one) === variableName(other), one === other);
      assert.match(variableName(one), /^[A-Z0-9_xa-f]+$/);
    }),
    { numRuns: 5000 },
  );
});
