import assert from "node:assert/strict";
import { test } from "node:test";
import { authorize } from "../../../../src/policy/rbac/authorize.ts";
import { missingRights } from "../../../../src/policy/rbac/covers.ts";
import { attributesOf, authorizeCases, coversCases, policyOf, ruleOf } from "../../../support/rbac/table.ts";

test("the table is as large as Kubernetes' rules are many", () => {
  assert.ok(authorizeCases.length >= 150, String(authorizeCases.length));
  assert.ok(coversCases.length >= 50, String(coversCases.length));
});

for (const { name, objects, asked, allowed } of authorizeCases) {
  test(`${allowed ? "allowed" : "not allowed"}: ${name}`, () => {
    const decision = authorize(policyOf(objects), attributesOf(asked), 0);
    assert.equal(decision.kind, allowed ? "allow" : "no-opinion", JSON.stringify(decision));
  });
}

for (const { name, held, wanted, covered } of coversCases) {
  test(`${covered ? "held" : "not held"}: ${name}`, () => {
    const missing = missingRights(held.map(ruleOf), wanted.map(ruleOf));
    assert.equal(missing.length === 0, covered, JSON.stringify(missing));
  });
}
