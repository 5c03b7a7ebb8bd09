import assert from "node:assert/strict";
import { test } from "node:test";
import { authorize } from "../../../../src/policy/rbac/authorize.ts";
import type { TimedBinding } from "../../../../src/policy/rbac/objects.ts";
import { Policy } from "../../../../src/policy/rbac/policy.ts";
import { bind, bindEverywhere, clusterRole, role } from "../../../support/rbac/case.ts";
import { attributesOf, grantOf, objectsOf } from "../../../support/rbac/table.ts";

const roles = objectsOf([
  role("r", [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }]),
  clusterRole("c", [{ verbs: ["get"], apiGroups: [""], resources: ["pods", "secrets"] }]),
]);
const grant = (over: Partial<TimedBinding> = {}) => grantOf(bind("Role/r"), over);

interface Case {
  readonly name: string;
  readonly grants: readonly TimedBinding[];
  readonly standing?: boolean;
  readonly now?: number;
  readonly peer?: string;
  readonly namespace?: string;
  /** The grant that the right rests on and its end; `standing`, or nothing. */
  readonly wanted: readonly [grantId: string, until: number] | "standing" | undefined;
}

const inside = ["10.0.0.0/8"];
const cases: readonly Case[] = [
  { name: "a grant that runs", grants: [grant()], wanted: ["g-1", 200] },
  { name: "a grant in its first millisecond", grants: [grant()], now: 100, wanted: ["g-1", 200] },
  { name: "a grant before it begins", grants: [grant()], now: 99, wanted: undefined },
  { name: "a grant in its last millisecond", grants: [grant()], now: 199, wanted: ["g-1", 200] },
  { name: "a grant at its end", grants: [grant()], now: 200, wanted: undefined },
  { name: "a grant after its end", grants: [grant()], now: 5000, wanted: undefined },
  { name: "a grant in another namespace", grants: [grant()], namespace: "test", wanted: undefined },
  {
    name: "a grant everywhere",
    grants: [grantOf(bindEverywhere("c"))],
    namespace: "test",
    wanted: ["g-1", 200],
  },
  { name: "a binding beside a grant", grants: [grant()], standing: true, wanted: "standing" },
  {
    name: "a binding after the grant's end",
    grants: [grant()],
    standing: true,
    now: 300,
    wanted: "standing",
  },
  {
    name: "the longer of two grants",
    grants: [grant(), grant({ grantId: "g-2", until: 300 })],
    wanted: ["g-2", 300],
  },
  {
    name: "the longer of two grants of different roles",
    grants: [grant({ until: 300 }), grantOf(bindEverywhere("c"), { grantId: "g-2" })],
    wanted: ["g-1", 300],
  },
  {
    name: "the longer one is yet to begin",
    grants: [grant(), grant({ grantId: "g-2", notBefore: 160, until: 300 })],
    wanted: ["g-1", 200],
  },
  {
    name: "two that end together",
    grants: [grant({ grantId: "g-3" }), grant({ grantId: "g-2" })],
    wanted: ["g-2", 200],
  },
  {
    name: "a grant for a network, from inside",
    grants: [grant({ peers: inside })],
    peer: "10.1.2.3",
    wanted: ["g-1", 200],
  },
  {
    name: "a grant for a network, from outside",
    grants: [grant({ peers: inside })],
    peer: "11.1.2.3",
    wanted: undefined,
  },
  {
    name: "a grant for a network, from who knows where",
    grants: [grant({ peers: inside })],
    wanted: undefined,
  },
  {
    name: "a grant for no network at all",
    grants: [grant({ peers: [] })],
    peer: "10.1.2.3",
    wanted: undefined,
  },
  {
    name: "a longer grant for another network",
    grants: [grant(), grant({ grantId: "g-2", until: 300, peers: inside })],
    peer: "11.1.2.3",
    wanted: ["g-1", 200],
  },
  {
    name: "a grant with a number of uses, which others count",
    grants: [grant({ maxUses: 1 })],
    wanted: ["g-1", 200],
  },
  { name: "a grant of a role that is gone", grants: [grantOf(bind("Role/gone"))], wanted: undefined },
];

for (const { name, grants, standing = false, now = 150, peer, namespace = "prod", wanted } of cases) {
  test(`a right that ends: ${name}`, () => {
    const policy = Policy.of(standing ? [...roles, ...objectsOf([bind("Role/r")])] : roles, grants);
    const decision = authorize(policy, { ...attributesOf({ namespace }), peer }, now);
    assert.equal(decision.kind, wanted === undefined ? "no-opinion" : "allow", JSON.stringify(decision));
    if (decision.kind !== "allow" || wanted === undefined) return;
    const [grantId, until] = wanted === "standing" ? [undefined, undefined] : wanted;
    assert.deepEqual({ grantId: decision.grantId, until: decision.until }, { grantId, until });
  });
}

test("a decision names the binding, the role and the rule that it rests on", () => {
  const standing = authorize(Policy.of([...roles, ...objectsOf([bind("Role/r")])]), attributesOf({}), 0);
  assert.equal(
    standing.kind === "allow" && standing.rule,
    'RoleBinding "binding" in "prod" gives Role "r", rules[0]',
  );
  const granted = authorize(Policy.of(roles, [grantOf(bindEverywhere("c"))]), attributesOf({}), 150);
  assert.equal(
    granted.kind === "allow" && granted.rule,
    'grant "g-1": ClusterRoleBinding "binding-c" gives ClusterRole "c", rules[0]',
  );
});

test("a refusal says who asked for what, and no name can pass for part of the text", () => {
  const asked = attributesOf({ user: 'ada"\n', groups: ["ops"], verb: "get\u001b[1m", name: "web" });
  assert.deepEqual(authorize(Policy.empty, asked, 0), {
    kind: "no-opinion",
    reason: 'no rule permits user "ada\\"\\n" of "ops" to "get\\u001b[1m" pods "web" in "prod"',
  });
});
