import assert from "node:assert/strict";
import { test } from "node:test";
import { canI, rulesFor, whoCan } from "../../../../src/policy/rbac/answers.ts";
import { Policy } from "../../../../src/policy/rbac/policy.ts";
import { aggregate, bind, bindEverywhere, clusterRole, role } from "../../../support/rbac/case.ts";
import { attributesOf, grantOf, objectsOf } from "../../../support/rbac/table.ts";

const pods = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
const ops = { kind: "Group", name: "ops" } as const;
const objects = objectsOf([
  role("r", [{ ...pods, verbs: ["list"] }, pods]),
  aggregate("view", [{ matchLabels: { to: "view" } }]),
  clusterRole("pod-view", [pods], { to: "view" }),
  bind("Role/r", [
    { kind: "User", name: "ada" },
    { kind: "ServiceAccount", name: "app" },
  ]),
  bindEverywhere("view", [ops]),
]);
const elsewhere = grantOf(bind("Role/r", [ops], { name: "granted" }), { peers: ["10.0.0.0/8"] });
const policy = Policy.of(objects, [elsewhere]);
const byRole = {
  rule: 'RoleBinding "binding" in "prod" gives Role "r", rules[1]',
  until: undefined,
  grantId: undefined,
};
const byView = {
  rule: 'ClusterRoleBinding "binding-view" gives ClusterRole "view", rules[0] (of ClusterRole "pod-view")',
  until: undefined,
  grantId: undefined,
};
const byGrant = {
  rule: 'grant "g-1": RoleBinding "granted" in "prod" gives Role "r", rules[1]',
  until: 200,
  grantId: "g-1",
};

test("can-i tells every binding that a right could rest on", () => {
  const asked = { ...attributesOf({ groups: ["ops"] }), peer: "10.0.0.1" };
  assert.deepEqual(canI(policy, asked, 150), {
    decision: { kind: "allow", ...byView },
    reasons: [byView, byRole, byGrant],
  });
});

test("can-i tells why not", () => {
  const answer = canI(policy, attributesOf({ user: "bob" }), 150);
  assert.deepEqual(answer.reasons, []);
  assert.equal(answer.decision.kind, "no-opinion");
});

test("who-can tells every subject with the binding, service accounts with their namespace", () => {
  const { user: _, ...request } = { ...attributesOf({}), peer: "10.0.0.1" };
  assert.deepEqual(whoCan(policy, request, 150), [
    { subject: { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "ops" }, ...byView },
    { subject: { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "ada" }, ...byRole },
    { subject: { kind: "ServiceAccount", name: "app", namespace: "prod" }, ...byRole },
    { subject: { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "ops" }, ...byGrant },
  ]);
});

test("who-can leaves out grants that do not run, or not from there", () => {
  const { user: _, ...request } = attributesOf({});
  const grantsIn = (peer: string | undefined, now: number) =>
    whoCan(policy, { ...request, peer }, now).filter(({ grantId }) => grantId !== undefined).length;
  assert.deepEqual(
    [grantsIn("10.0.0.1", 150), grantsIn("10.0.0.1", 200), grantsIn(undefined, 150)],
    [1, 0, 0],
  );
});

test("the rules that a user has are told with where they come from, each once", () => {
  const user = { name: "ada", groups: ["ops", "dev"] };
  const rules = rulesFor(policy, { user, namespace: "prod", peer: "10.0.0.1" }, 150);
  assert.deepEqual(
    rules.map(({ policyRule, rule }) => [policyRule.verbs[0], rule]),
    [
      ["get", byView.rule],
      ["list", 'RoleBinding "binding" in "prod" gives Role "r", rules[0]'],
      ["get", byRole.rule],
      ["list", 'grant "g-1": RoleBinding "granted" in "prod" gives Role "r", rules[0]'],
      ["get", byGrant.rule],
    ],
  );
  assert.equal(rulesFor(policy, { user, namespace: undefined }, 150).length, 1);
});

test("a binding that names several of a user's groups counts once", () => {
  const both = Policy.of(
    objectsOf([
      role("r", [pods]),
      bind("Role/r", [ops, { kind: "Group", name: "dev" }, { kind: "User", name: "ada" }]),
    ]),
  );
  const asked = attributesOf({ groups: ["ops", "dev"] });
  assert.equal(canI(both, asked, 0).reasons.length, 1);
  assert.equal(rulesFor(both, { user: asked.user, namespace: "prod" }, 0).length, 1);
});
