import assert from "node:assert/strict";
import { test } from "node:test";
import { authorize } from "../../../../src/policy/rbac/authorize.ts";
import { missingRights } from "../../../../src/policy/rbac/covers.ts";
import {
  amongMany,
  attributesOf,
  authorizeCases,
  coversCases,
  policyOf,
  ruleOf,
} from "../../../support/rbac/table.ts";

test("the table is as large as Kubernetes' rules are many", () => {
  assert.ok(authorizeCases.length >= 150, String(authorizeCases.length));
  assert.ok(coversCases.length >= 50, String(coversCases.length));
});

for (const { name, objects, asked, allowed } of authorizeCases) {
  test(`${allowed ? "allowed" : "not allowed"}: ${name}`, () => {
    const attributes = attributesOf(asked);
    const wanted = allowed ? "allow" : "no-opinion";
    const decision = authorize(policyOf(objects), attributes, 0);
    assert.equal(decision.kind, wanted, JSON.stringify(decision));
    const among = authorize(policyOf(amongMany(objects, attributes.user)), attributes, 0);
    assert.equal(among.kind, wanted, "the same for somebody with many other roles");
  });
}

for (const { name, held, wanted, covered } of coversCases) {
  test(`${covered ? "held" : "not held"}: ${name}`, () => {
    const missing = missingRights(held.map(ruleOf), wanted.map(ruleOf));
    assert.equal(missing.length === 0, covered, JSON.stringify(missing));
  });
}
