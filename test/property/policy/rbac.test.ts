import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canI } from "../../../src/policy/rbac/answers.ts";
import type { Attributes } from "../../../src/policy/rbac/attributes.ts";
import { authorize } from "../../../src/policy/rbac/authorize.ts";
import { covers } from "../../../src/policy/rbac/escalation.ts";
import type { PolicyObject, TimedBinding } from "../../../src/policy/rbac/objects.ts";
import { objectKey } from "../../../src/policy/rbac/objects.ts";
import { Policy } from "../../../src/policy/rbac/policy.ts";
import * as random from "../../support/rbac/arbitrary.ts";
import { bind, clusterRole, role } from "../../support/rbac/case.ts";
import { NaivePolicy } from "../../support/rbac/naive.ts";
import { grantOf, objectsOf, ruleOf, attributesOf as withDefaults } from "../../support/rbac/table.ts";

const KEYS = [
  "Role/prod/r1",
  "ClusterRole//r1",
  "ClusterRole//r2",
  "RoleBinding/prod/b1",
  "ClusterRoleBinding//binding-r1",
];
const RUNS = { numRuns: 500 };
const objects = random.posternPolicy.objects.map(objectsOf);
const asked = random.asked.map(withDefaults);
const now = fc.nat(8);
const peer = fc.constantFrom(undefined, "10.0.0.1", "192.0.2.1");
const question = fc
  .tuple(asked, peer)
  .map(([attributes, from]): Attributes => ({ ...attributes, peer: from }));

const grants: fc.Arbitrary<TimedBinding[]> = fc.uniqueArray(
  fc
    .record({
      binding: random.rawBinding,
      grantId: fc.constantFrom("g1", "g2", "g3", "g4", "g5", "g6"),
      notBefore: fc.nat(4),
      until: fc.integer({ min: 3, max: 8 }),
      peers: fc.constantFrom(undefined, ["10.0.0.0/8"], []),
    })
    .map(({ binding, ...rest }) => grantOf(binding, rest)),
  { minLength: 2, maxLength: 6, size: "max", selector: ({ grantId }) => grantId },
);

const allows = (policy: Policy, attributes: Attributes, at: number) =>
  authorize(policy, attributes, at).kind === "allow";

/** The least right that lasts: none, until then, for ever. */
function lasting(policy: Policy, attributes: Attributes, at: number): number {
  const decision = authorize(policy, attributes, at);
  if (decision.kind !== "allow") return Number.NEGATIVE_INFINITY;
  return decision.until ?? Number.POSITIVE_INFINITY;
}

test("the index answers as an evaluator does that looks at every object", () => {
  fc.assert(
    fc.property(objects, grants, question, now, (all, timed, attributes, at) => {
      const naive = new NaivePolicy(all, timed).authorize(attributes, at);
      const indexed = authorize(Policy.of(all, timed), attributes, at);
      const { kind, until, grantId } = { until: undefined, grantId: undefined, ...indexed };
      assert.deepEqual({ kind, until, grantId }, naive);
    }),
    RUNS,
  );
});

test("somebody with many roles in one place is answered by the same rules", () => {
  const many = fc.array(random.posternPolicy.resourceRules, { minLength: 17, maxLength: 24, size: "max" });
  let allowed = 0;
  fc.assert(
    fc.property(many, question, (lists, attributes) => {
      const raw = lists.flatMap((rules, index) => [
        role(`many-${index}`, rules),
        bind(`Role/many-${index}`, [{ kind: "Group", name: "ops" }], { name: `many-${index}` }),
      ]);
      const all = objectsOf(raw);
      const naive = new NaivePolicy(all, []).authorize(attributes, 0);
      const policy = Policy.of(all);
      const indexed = authorize(policy, attributes, 0);
      if (indexed.kind === "allow") allowed += 1;
      assert.equal(indexed.kind, naive.kind);
      assert.deepEqual(authorize(policy, attributes, 0), indexed, "the second time, too");
      const fewer = policy.with({ remove: all.slice(0, 2).map(objectKey) });
      const naiver = new NaivePolicy(all.slice(2), []).authorize(attributes, 0);
      assert.equal(authorize(fewer, attributes, 0).kind, naiver.kind, "and with a role less");
    }),
    RUNS,
  );
  assert.ok(allowed > 20, `${allowed} are allowed`);
});

test("of several grants that run, the same one counts as for an evaluator that looks at every object", () => {
  const pods = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
  const wide = objectsOf(
    ["r1", "r2", "r3"].flatMap((name) => [clusterRole(name, [pods]), role(name, [pods])]),
  );
  const ada = [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "ada" }] as const;
  const toAda = grants.map((all) =>
    all.map((grant) => ({ ...grant, binding: { ...grant.binding, subjects: ada } })),
  );
  const pod = asked.map((attributes): Attributes => withDefaults({ groups: attributes.user.groups }));
  let several = 0;
  fc.assert(
    fc.property(toAda, pod, peer, now, (timed, attributes, from, at) => {
      const near = { ...attributes, peer: from };
      const naive = new NaivePolicy(wide, timed).authorize(near, at);
      const indexed = authorize(Policy.of(wide, timed), near, at);
      if (canI(Policy.of(wide, timed), near, at).reasons.length > 1) several += 1;
      const { kind, until, grantId } = { until: undefined, grantId: undefined, ...indexed };
      assert.deepEqual({ kind, until, grantId }, naive);
    }),
    RUNS,
  );
  assert.ok(several > 20, `${several} questions that several grants answer`);
});

test("another binding or another grant takes no right away, and shortens none", () => {
  const more = fc
    .tuple(random.rawBinding, fc.option(grants))
    .map(([raw, timed]) => ({ put: objectsOf([raw]), timed }));
  fc.assert(
    fc.property(objects, grants, more, question, now, (all, timed, { put, timed: added }, attributes, at) => {
      const isNew = put.every((object) => all.every((other) => objectKey(other) !== objectKey(object)));
      const fresh = (added ?? []).filter(({ grantId }) => timed.every((other) => other.grantId !== grantId));
      const before = Policy.of(all, timed);
      const after = before.with({ put: isNew ? put : [], putGrants: fresh });
      assert.ok(lasting(after, attributes, at) >= lasting(before, attributes, at));
    }),
    RUNS,
  );
});

test("the order of objects, grants, subjects and rules decides nothing, not even the wording", () => {
  const shuffled = fc
    .tuple(objects, grants)
    .chain(([all, timed]) =>
      fc.tuple(
        fc.constant(all),
        fc.constant(timed),
        fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
        fc.shuffledSubarray(timed, { minLength: timed.length, maxLength: timed.length }),
      ),
    );
  fc.assert(
    fc.property(shuffled, question, now, ([all, timed, otherAll, otherTimed], attributes, at) => {
      const one = authorize(Policy.of(all, timed), attributes, at);
      assert.deepEqual(authorize(Policy.of(otherAll, otherTimed), attributes, at), one);
      const reversed = Policy.of(all.map(backwards), timed);
      const other = authorize(reversed, attributes, at);
      assert.equal(other.kind, one.kind);
      if (other.kind === "allow" && one.kind === "allow") assert.equal(other.until, one.until);
    }),
    RUNS,
  );
});

/** The same object with its lists the other way round. */
function backwards(object: PolicyObject): PolicyObject {
  return "rules" in object
    ? { ...object, rules: object.rules.toReversed() }
    : { ...object, subjects: object.subjects.toReversed() };
}

test("a policy that was changed bit by bit answers as one that was made at once", () => {
  const changes = fc.array(
    fc.record({
      put: objects,
      remove: fc.subarray(KEYS),
      putGrants: grants,
      removeGrants: fc.subarray(["g1", "g2"]),
    }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(objects, changes, question, now, (start, steps, attributes, at) => {
      const changed = steps.reduce((policy, step) => policy.with(step), Policy.of(start));
      const anew = Policy.of([...changed.objects.values()], [...changed.grants.values()]);
      assert.deepEqual(authorize(changed, attributes, at), authorize(anew, attributes, at));
    }),
    RUNS,
  );
});

test("whoever may give rules could do everything that they permit", () => {
  const user = fc.record({ name: fc.constantFrom("ada", "bob"), groups: fc.subarray(["ops", "dev"]) });
  let covered = 0;
  let permitted = 0;
  fc.assert(
    fc.property(
      objects,
      user,
      random.posternPolicy.rules,
      fc.array(asked, { minLength: 20, maxLength: 20 }),
      (all, giver, raw, questions) => {
        const policy = Policy.of(all);
        const rules = raw.map(ruleOf);
        const coverage = covers(policy, { user: giver, namespace: "prod", until: undefined }, rules, 0);
        if (coverage.kind === "missing") return;
        covered += 1;
        for (const attributes of questions) {
          const placed = "path" in attributes ? attributes : { ...attributes, namespace: "prod" };
          if (!new NaivePolicy([], []).rulesPermit(rules, placed)) continue;
          permitted += 1;
          // What a RoleBinding says of paths counts as held, and opens none: there is nothing to be given, either.
          if ("path" in placed) continue;
          assert.ok(allows(policy, { ...placed, user: giver }, 0), JSON.stringify({ rules, placed }));
        }
      },
    ),
    { numRuns: 2000 },
  );
  assert.ok(covered > 100 && permitted > 100, `${covered} coverings, ${permitted} permissions`);
});

test("with cluster-wide rights, whoever may give paths could open all of them", () => {
  fc.assert(
    fc.property(
      objects,
      random.posternPolicy.rules,
      fc.array(asked, { minLength: 20, maxLength: 20 }),
      (all, raw, questions) => {
        const user = { name: "ada", groups: ["ops"] };
        const policy = Policy.of(all);
        const rules = raw.map(ruleOf);
        if (covers(policy, { user, namespace: undefined, until: undefined }, rules, 0).kind === "missing")
          return;
        for (const attributes of questions)
          if (new NaivePolicy([], []).rulesPermit(rules, attributes))
            assert.ok(allows(policy, { ...attributes, user }, 0), JSON.stringify({ rules, attributes }));
      },
    ),
    { numRuns: 2000 },
  );
});
