import assert from "node:assert/strict";
import { test } from "node:test";
import { authorize } from "../../../../src/policy/rbac/authorize.ts";
import { Policy } from "../../../../src/policy/rbac/policy.ts";
import { aggregate, bind, bindEverywhere, clusterRole, role } from "../../../support/rbac/case.ts";
import { attributesOf, grantOf, objectsOf } from "../../../support/rbac/table.ts";

const rule = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
const base = Policy.of(objectsOf([role("r", [rule]), bind("Role/r")]));
const allows = (policy: Policy, asked = {}, now = 150) =>
  authorize(policy, attributesOf(asked), now).kind === "allow";

test("the policy of nothing permits nothing", () => {
  assert.equal(allows(Policy.empty), false);
});

test("a policy that is changed leaves the one before as it was", () => {
  const without = base.with({ remove: ["RoleBinding/prod/binding"] });
  assert.equal(allows(without), false);
  assert.equal(allows(base), true);
});

test("a binding that is put again with other subjects is for those alone", () => {
  const changed = base.with({ put: objectsOf([bind("Role/r", [{ kind: "User", name: "bob" }])]) });
  assert.equal(allows(changed), false);
  assert.equal(allows(changed, { user: "bob" }), true);
});

test("a role that is put again has its new rules alone", () => {
  const changed = base.with({ put: objectsOf([role("r", [{ ...rule, resources: ["secrets"] }])]) });
  assert.equal(allows(changed), false);
  assert.equal(allows(changed, { resource: "secrets" }), true);
});

test("a role that goes takes its rights along, and a role that comes brings those of its bindings", () => {
  const without = base.with({ remove: ["Role/prod/r"] });
  assert.equal(allows(without), false);
  assert.equal(allows(without.with({ put: objectsOf([role("r", [rule])]) })), true);
});

test("what is removed and put in one change is there", () => {
  const changed = base.with({ remove: ["RoleBinding/prod/binding"], put: objectsOf([bind("Role/r")]) });
  assert.equal(allows(changed), true);
});

test("removing what is not there changes nothing", () => {
  assert.equal(allows(base.with({ remove: ["Role/prod/other", "nonsense"], removeGrants: ["g-9"] })), true);
});

test("an aggregated role has the rules of a role that comes later", () => {
  const view = Policy.of(
    objectsOf([aggregate("view", [{ matchLabels: { to: "view" } }]), bindEverywhere("view")]),
  );
  assert.equal(allows(view), false);
  const more = view.with({ put: objectsOf([clusterRole("part", [rule], { to: "view" })]) });
  assert.equal(allows(more), true);
  assert.equal(allows(more.with({ put: objectsOf([clusterRole("part", [rule])]) })), false);
});

test("grants come, are replaced and go", () => {
  const policy = Policy.of(objectsOf([role("r", [rule])]));
  const granted = policy.with({ putGrants: [grantOf(bind("Role/r"))] });
  assert.equal(allows(granted), true);
  const shorter = granted.with({ putGrants: [grantOf(bind("Role/r"), { until: 120 })] });
  assert.equal(allows(shorter), false);
  assert.equal(allows(shorter, {}, 110), true);
  assert.equal(allows(shorter.with({ removeGrants: ["g-1"] }), {}, 110), false);
  assert.deepEqual([...shorter.grants.keys()], ["g-1"]);
});

test("two objects of one key, or two grants of one id, are no policy", () => {
  const [binding] = objectsOf([bind("Role/r")]);
  assert.ok(binding);
  assert.throws(() => Policy.of([binding, binding]), /RoleBinding\/prod\/binding is there twice/);
  const grant = grantOf(bind("Role/r"));
  assert.throws(() => Policy.of([], [grant, grant]), /g-1 is there twice/);
});

test("names that every JavaScript object has are nobody's", () => {
  for (const name of ["constructor", "__proto__", "toString"]) {
    assert.equal(allows(base, { user: name, groups: [name], namespace: name, resource: name }), false);
    const [selector] = [{ matchLabels: { constructor: "x" } }, {}];
    const view = objectsOf([
      aggregate("view", [selector]),
      clusterRole("part", [rule]),
      bindEverywhere("view"),
    ]);
    assert.equal(allows(Policy.of(view)), false);
  }
});
