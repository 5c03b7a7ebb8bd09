import assert from "node:assert/strict";
import { test } from "node:test";
import type { DatabaseName, RoleName } from "../../../../src/base/ids.ts";
import type { Step } from "../../../../src/base/trace.ts";
import { clusterSchema } from "../../../../src/config/schema.ts";
import type { PlacedWish } from "../../../../src/policy/decision.ts";
import { decideByPolicy } from "../../../../src/policy/rbac/decide.ts";
import type { TimedBinding } from "../../../../src/policy/rbac/objects.ts";
import { Policy } from "../../../../src/policy/rbac/policy.ts";
import type { RawObject, RawRule } from "../../../support/rbac/case.ts";
import { bind, role } from "../../../support/rbac/case.ts";
import { grantOf, objectsOf } from "../../../support/rbac/table.ts";

const rule = (verb: string, resource: string, ...resourceNames: string[]): RawRule => ({
  verbs: [verb],
  apiGroups: ["postern.dev"],
  resources: [resource],
  resourceNames,
});
const connect = rule("connect", "databases", "main/shop");
const replicate = rule("replicate", "databases", "main/shop");
const assume = (...roles: string[]) => rule("assume", "databaseroles", ...roles);

/** A role of each rule list, `r0`, `r1`, …; ada is bound to those that `bound` names. */
const roles = (lists: readonly (readonly RawRule[])[], namespace = "prod"): RawObject[] =>
  lists.map((rules, index) => role(`r${index}`, rules, namespace));
const bound = (index: number, namespace = "prod") =>
  bind(`Role/r${index}`, undefined, { name: `b${index}`, namespace });

interface Case {
  readonly name: string;
  readonly rules: readonly (readonly RawRule[])[];
  /** Which lists of rules hold; all of them by default. The others are there and not bound. */
  readonly standing?: readonly number[];
  readonly grants?: readonly TimedBinding[];
  readonly namespace?: string;
  readonly role?: string | undefined;
  readonly database?: string;
  readonly replication?: boolean;
  readonly cluster?: Readonly<Record<string, unknown>>;
  /** The role that is permitted, or the code of the denial. */
  readonly wanted: string;
  readonly until?: number;
  readonly grantIds?: readonly string[];
}

const grant = (index: number, over: Partial<TimedBinding> = {}) =>
  grantOf(bound(index), { grantId: `g-${index}`, ...over });

const cases: readonly Case[] = [
  {
    name: "a database and a role that are permitted",
    rules: [[connect, assume("ada")]],
    role: "ada",
    wanted: "ada",
  },
  { name: "the two rights by two bindings", rules: [[connect], [assume("ada")]], role: "ada", wanted: "ada" },
  { name: "no right to the database", rules: [[assume("ada")]], role: "ada", wanted: "policy/connect" },
  { name: "no right to the role", rules: [[connect]], role: "ada", wanted: "policy/assume" },
  { name: "another role", rules: [[connect, assume("ada")]], role: "bob", wanted: "policy/assume" },
  {
    name: "the role in another case",
    rules: [[connect, assume("ada")]],
    role: "Ada",
    wanted: "policy/assume",
  },
  {
    name: "another database",
    rules: [[connect, assume("ada")]],
    role: "ada",
    database: "hr",
    wanted: "policy/connect",
  },
  {
    name: "any database of the cluster",
    rules: [[rule("connect", "databases", "main/*"), assume("ada")]],
    role: "ada",
    database: "hr",
    wanted: "ada",
  },
  {
    name: "the database of another cluster",
    rules: [[rule("connect", "databases", "other/*"), assume("ada")]],
    role: "ada",
    wanted: "policy/connect",
  },
  { name: "any role, by a rule without names", rules: [[connect, assume()]], role: "bob", wanted: "bob" },
  {
    name: "rights in another namespace",
    rules: [[connect, assume("ada")]],
    namespace: "test",
    role: "ada",
    wanted: "policy/connect",
  },
  {
    name: "a cluster in another namespace",
    rules: [[connect, assume("ada")]],
    cluster: { namespace: "test" },
    role: "ada",
    wanted: "policy/connect",
  },
  {
    name: "a cluster and rights in another namespace",
    rules: [[connect, assume("ada")]],
    namespace: "test",
    cluster: { namespace: "test" },
    role: "ada",
    wanted: "ada",
  },
  {
    name: "the only role that rules name",
    rules: [[connect, assume("ada")]],
    role: undefined,
    wanted: "ada",
  },
  {
    name: "the only role that rules name, twice",
    rules: [[connect, assume("ada")], [assume("ada")]],
    role: undefined,
    wanted: "ada",
  },
  {
    name: "one of several roles, none asked for",
    rules: [[connect, assume("ada", "bob")]],
    role: undefined,
    wanted: "policy/role-choice",
  },
  {
    name: "one of several roles, asked for",
    rules: [[connect, assume("ada", "bob")]],
    role: "bob",
    wanted: "bob",
  },
  {
    name: "no role is named and none asked for",
    rules: [[connect, assume()]],
    role: undefined,
    wanted: "policy/assume",
  },
  {
    name: "one role is named beside all of them",
    rules: [[connect, assume()], [assume("ada")]],
    role: undefined,
    wanted: "ada",
  },
  { name: "no role at all", rules: [[connect]], role: undefined, wanted: "policy/assume" },
  {
    name: "a name that PostgreSQL would cut",
    rules: [[connect, assume("r".repeat(64))]],
    role: undefined,
    wanted: "policy/assume",
  },
  {
    name: "names of other resources",
    rules: [[connect, rule("assume", "databases", "ada")]],
    role: undefined,
    wanted: "policy/assume",
  },
  {
    name: "names with another verb",
    rules: [[connect, rule("get", "databaseroles", "ada")]],
    role: undefined,
    wanted: "policy/assume",
  },
  {
    name: "a predefined role",
    rules: [[connect, assume("pg_monitor")]],
    role: "pg_monitor",
    wanted: "policy/privileged-role",
  },
  {
    name: "a predefined role that the cluster names",
    rules: [[connect, assume("pg_monitor")]],
    role: "pg_monitor",
    cluster: { privilegedRoles: ["pg_monitor"] },
    wanted: "pg_monitor",
  },
  {
    name: "replication without its right",
    rules: [[connect, assume("ada")]],
    role: "ada",
    replication: true,
    cluster: { replicationRoles: ["ada"] },
    wanted: "policy/replication",
  },
  {
    name: "replication by a role that the cluster does not name",
    rules: [[connect, replicate, assume("ada")]],
    role: "ada",
    replication: true,
    wanted: "policy/replication",
  },
  {
    name: "replication with both",
    rules: [[connect, replicate, assume("ada")]],
    role: "ada",
    replication: true,
    cluster: { replicationRoles: ["ada"] },
    wanted: "ada",
  },
  {
    name: "replication without connect",
    rules: [[replicate, assume("ada")]],
    role: "ada",
    replication: true,
    cluster: { replicationRoles: ["ada"] },
    wanted: "policy/connect",
  },
  {
    name: "a grant of the role",
    rules: [[connect], [assume("ada")]],
    standing: [0],
    grants: [grant(1)],
    role: "ada",
    wanted: "ada",
    until: 200,
    grantIds: ["g-1"],
  },
  {
    name: "a grant of the database",
    rules: [[connect], [assume("ada")]],
    standing: [1],
    grants: [grant(0)],
    role: "ada",
    wanted: "ada",
    until: 200,
    grantIds: ["g-0"],
  },
  {
    name: "two grants, the database's ends first",
    rules: [[connect], [assume("ada")]],
    standing: [],
    grants: [grant(0, { until: 160 }), grant(1)],
    role: "ada",
    wanted: "ada",
    until: 160,
    grantIds: ["g-0", "g-1"],
  },
  {
    name: "two grants, the role's ends first",
    rules: [[connect], [assume("ada")]],
    standing: [],
    grants: [grant(0), grant(1, { until: 160 })],
    role: "ada",
    wanted: "ada",
    until: 160,
    grantIds: ["g-0", "g-1"],
  },
  {
    name: "one grant of both",
    rules: [[connect, assume("ada")]],
    standing: [],
    grants: [grant(0)],
    role: "ada",
    wanted: "ada",
    until: 200,
    grantIds: ["g-0"],
  },
  {
    name: "a grant of what is held anyway",
    rules: [[connect, assume("ada")]],
    grants: [grant(0)],
    role: "ada",
    wanted: "ada",
  },
  {
    name: "a grant that ended",
    rules: [[connect], [assume("ada")]],
    standing: [0],
    grants: [grant(1, { until: 150 })],
    role: "ada",
    wanted: "policy/assume",
  },
  {
    name: "a grant from another network",
    rules: [[connect], [assume("ada")]],
    standing: [0],
    grants: [grant(1, { peers: ["10.0.0.0/8"] })],
    role: "ada",
    wanted: "policy/assume",
  },
  {
    name: "a grant from this network",
    rules: [[connect], [assume("ada")]],
    standing: [0],
    grants: [grant(1, { peers: ["192.0.2.0/24"] })],
    role: "ada",
    wanted: "ada",
    until: 200,
    grantIds: ["g-1"],
  },
  {
    name: "the only role that rules name, by a grant",
    rules: [[connect], [assume("ada")]],
    standing: [0],
    grants: [grant(1)],
    role: undefined,
    wanted: "ada",
    until: 200,
    grantIds: ["g-1"],
  },
  {
    name: "a role that was granted, none asked for",
    rules: [[connect], [assume("ada")]],
    standing: [0],
    grants: [grant(1, { until: 150 })],
    role: undefined,
    wanted: "policy/assume",
  },
];

function decide({ rules, standing, grants, namespace = "prod", cluster, database = "shop", ...asked }: Case) {
  const indices = standing ?? rules.map((_, index) => index);
  const objects = [...roles(rules, namespace), ...indices.map((index) => bound(index, namespace))];
  const settings = {
    name: "main",
    namespace: "prod",
    hosts: [{ host: "db" }],
    login: { method: "trust" },
    ...cluster,
  };
  const wish: PlacedWish = {
    cluster: clusterSchema.parse(settings),
    database: database as DatabaseName,
    peer: { address: "192.0.2.7", port: 1, tls: true },
    replication: asked.replication ?? false,
    door: "rest",
    role: asked.role as RoleName | undefined,
  };
  const steps: Step[] = [];
  const policy = Policy.of(objectsOf(objects), grants);
  const user = { name: "ada", groups: [] };
  const decision = decideByPolicy({ policy, user, wish, now: 150 }, (step) => steps.push(step));
  return { decision, steps };
}

for (const row of cases) {
  const { name, wanted, until, grantIds = [] } = row;
  test(`policy decides: ${name}`, () => {
    const { decision, steps } = decide(row);
    assert.equal(
      decision.kind === "permit" ? decision.role : decision.code,
      wanted,
      JSON.stringify(decision),
    );
    const failed = steps.filter(({ passed }) => !passed);
    assert.equal(failed.length, decision.kind === "permit" ? 0 : 1, "explain shows the check that failed");
    if (decision.kind === "permit") {
      assert.deepEqual({ until: decision.until, grants: decision.grants }, { until, grants: grantIds });
    } else assert.equal(failed[0]?.saw, decision.detail);
  });
}

test("a permit names every rule that it rests on, each once", () => {
  const both = decide({ name: "", rules: [[connect, assume("ada")]], role: "ada", wanted: "ada" });
  assert.ok(both.decision.kind === "permit");
  assert.equal(
    both.decision.rule,
    'RoleBinding "b0" in "prod" gives Role "r0", rules[0]; RoleBinding "b0" in "prod" gives Role "r0", rules[1]',
  );
  const one = decide({
    name: "",
    rules: [[{ verbs: ["*"], apiGroups: ["postern.dev"], resources: ["*"] }]],
    role: "ada",
    wanted: "ada",
  });
  assert.ok(one.decision.kind === "permit");
  assert.equal(one.decision.rule, 'RoleBinding "b0" in "prod" gives Role "r0", rules[0]');
});
