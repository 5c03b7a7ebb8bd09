import assert from "node:assert/strict";
import { test } from "node:test";
import { covers, mayWriteBinding, mayWriteRole } from "../../../../src/policy/rbac/escalation.ts";
import type { AnyRole, Binding, TimedBinding } from "../../../../src/policy/rbac/objects.ts";
import { Policy } from "../../../../src/policy/rbac/policy.ts";
import type { RawObject, RawRule } from "../../../support/rbac/case.ts";
import { aggregate, bind, bindEverywhere, clusterRole, role } from "../../../support/rbac/case.ts";
import { grantOf, objectsOf, ruleOf } from "../../../support/rbac/table.ts";

const RBAC = "rbac.authorization.k8s.io";
const pods: RawRule = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
const secrets: RawRule = { verbs: ["get"], apiGroups: [""], resources: ["secrets"] };
const all: RawRule = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };
const allPaths: RawRule = { verbs: ["*"], nonResourceURLs: ["*"] };
const on = (verb: string, resource: string, resourceNames: string[] = []): RawRule => ({
  verbs: [verb],
  apiGroups: [RBAC],
  resources: [resource],
  resourceNames,
});
const ada = { name: "ada", groups: [] };
const NOW = 150;

/** Ada holds these rules in `prod`; with `everywhere`, in all namespaces. */
const holding = (rules: readonly RawRule[], everywhere = false): RawObject[] => [
  clusterRole("held", rules),
  everywhere ? bindEverywhere("held") : bind("ClusterRole/held", undefined, { name: "held" }),
];

function roleOf(raw: RawObject): AnyRole {
  const [object] = objectsOf([raw]);
  assert.ok(object?.kind === "Role" || object?.kind === "ClusterRole");
  return object;
}

function bindingOf(raw: RawObject): Binding {
  return grantOf(raw).binding;
}

interface RoleCase {
  readonly name: string;
  readonly policy: readonly RawObject[];
  readonly role: RawObject;
  readonly before?: RawObject;
  readonly may: boolean;
}

const podRole = role("new", [pods]);
const podClusterRole = clusterRole("new", [pods]);
const gathering = aggregate("new", [{ matchLabels: { to: "new" } }]);

const roleCases: readonly RoleCase[] = [
  { name: "a role of what one holds", policy: holding([pods]), role: podRole, may: true },
  { name: "a role of what one does not hold", policy: holding([secrets]), role: podRole, may: false },
  {
    name: "a role of half of what one does not hold",
    policy: holding([pods]),
    role: role("new", [pods, secrets]),
    may: false,
  },
  {
    name: "a role in another namespace",
    policy: holding([pods]),
    role: role("new", [pods], "test"),
    may: false,
  },
  { name: "a role without rules", policy: [], role: role("new", []), may: true },
  {
    name: "a ClusterRole of what one holds in a namespace",
    policy: holding([pods]),
    role: podClusterRole,
    may: false,
  },
  {
    name: "a ClusterRole of what one holds everywhere",
    policy: holding([pods], true),
    role: podClusterRole,
    may: true,
  },
  { name: "a new role with escalate", policy: holding([on("escalate", "roles")]), role: podRole, may: true },
  {
    name: "a new role with escalate for that name",
    policy: holding([on("escalate", "roles", ["new"])]),
    role: podRole,
    may: false,
  },
  {
    name: "a changed role with escalate for that name",
    policy: holding([on("escalate", "roles", ["new"])]),
    role: podRole,
    before: role("new", []),
    may: true,
  },
  {
    name: "a changed role with escalate for another",
    policy: holding([on("escalate", "roles", ["old"])]),
    role: podRole,
    before: role("new", []),
    may: false,
  },
  {
    name: "a ClusterRole with escalate on roles",
    policy: holding([on("escalate", "roles")], true),
    role: podClusterRole,
    may: false,
  },
  {
    name: "a ClusterRole with escalate on clusterroles",
    policy: holding([on("escalate", "clusterroles")], true),
    role: podClusterRole,
    may: true,
  },
  {
    name: "a ClusterRole with escalate in a namespace",
    policy: holding([on("escalate", "clusterroles")]),
    role: podClusterRole,
    may: false,
  },
  {
    name: "a role with bind, which is for bindings",
    policy: holding([on("bind", "roles")]),
    role: podRole,
    may: false,
  },
  {
    name: "a changed role, of what it had already but one does not hold",
    policy: holding([secrets]),
    role: podRole,
    before: podRole,
    may: false,
  },
  {
    name: "an aggregating role, of one who holds little",
    policy: holding([pods], true),
    role: gathering,
    may: false,
  },
  {
    name: "an aggregating role, of one who reads all there is",
    policy: holding([{ ...all, verbs: ["get"] }, allPaths], true),
    role: gathering,
    may: false,
  },
  {
    name: "an aggregating role, of one who holds everything",
    policy: holding([all, allPaths], true),
    role: gathering,
    may: true,
  },
  {
    name: "a role that ceases to aggregate",
    policy: holding([pods], true),
    role: podClusterRole,
    before: gathering,
    may: false,
  },
  {
    name: "a role that ceases to aggregate, with escalate",
    policy: holding([on("escalate", "clusterroles")], true),
    role: podClusterRole,
    before: gathering,
    may: true,
  },
];

for (const { name, policy, role: raw, before, may } of roleCases) {
  test(`${may ? "may" : "may not"} write: ${name}`, () => {
    const write = { role: roleOf(raw), before: before === undefined ? undefined : roleOf(before) };
    const permission = mayWriteRole(Policy.of(objectsOf(policy)), ada, write, NOW);
    assert.equal(permission.kind, may ? "may" : "may-not", JSON.stringify(permission));
    if (permission.kind === "may-not") assert.equal(permission.code, "policy/escalation");
  });
}

interface BindingCase {
  readonly name: string;
  readonly policy: readonly RawObject[];
  readonly binding: RawObject;
  readonly before?: RawObject;
  readonly until?: number;
  readonly grants?: readonly TimedBinding[];
  /** Allowed, or the code of the refusal. */
  readonly wanted: "may" | "policy/escalation" | "policy/role-ref";
}

const podBinding = bind("Role/new");
const granted = (over: Partial<TimedBinding> = {}) => [
  grantOf(bind("ClusterRole/held", undefined, { name: "held" }), over),
];
const heldRole = (...rules: RawRule[]) => [podRole, clusterRole("held", rules)];

const bindingCases: readonly BindingCase[] = [
  {
    name: "a role of what one holds",
    policy: [podRole, ...holding([pods])],
    binding: podBinding,
    wanted: "may",
  },
  {
    name: "a role of what one does not hold",
    policy: [podRole, ...holding([secrets])],
    binding: podBinding,
    wanted: "policy/escalation",
  },
  {
    name: "a role that is not there",
    policy: holding([pods]),
    binding: podBinding,
    wanted: "policy/escalation",
  },
  {
    name: "a role with bind",
    policy: [podRole, ...holding([on("bind", "roles")])],
    binding: podBinding,
    wanted: "may",
  },
  {
    name: "a role with bind for its name",
    policy: [podRole, ...holding([on("bind", "roles", ["new"])])],
    binding: podBinding,
    wanted: "may",
  },
  {
    name: "a role with bind for another name",
    policy: [podRole, ...holding([on("bind", "roles", ["old"])])],
    binding: podBinding,
    wanted: "policy/escalation",
  },
  {
    name: "a role that is not there, with bind",
    policy: holding([on("bind", "roles", ["new"])]),
    binding: podBinding,
    wanted: "may",
  },
  {
    name: "a role with bind on clusterroles",
    policy: [podRole, ...holding([on("bind", "clusterroles")])],
    binding: podBinding,
    wanted: "policy/escalation",
  },
  {
    name: "a role with escalate, which is for roles",
    policy: [podRole, ...holding([on("escalate", "roles")])],
    binding: podBinding,
    wanted: "policy/escalation",
  },
  {
    name: "a role in another namespace with bind in one",
    policy: [role("new", [pods], "test"), ...holding([on("bind", "roles")])],
    binding: bind("Role/new", undefined, { namespace: "test" }),
    wanted: "policy/escalation",
  },
  {
    name: "a ClusterRole in a namespace, of what one holds there",
    policy: [podClusterRole, ...holding([pods])],
    binding: bind("ClusterRole/new"),
    wanted: "may",
  },
  {
    name: "a ClusterRole everywhere, of what one holds in a namespace",
    policy: [podClusterRole, ...holding([pods])],
    binding: bindEverywhere("new"),
    wanted: "policy/escalation",
  },
  {
    name: "a ClusterRole everywhere, with bind in a namespace",
    policy: [podClusterRole, ...holding([on("bind", "clusterroles")])],
    binding: bindEverywhere("new"),
    wanted: "policy/escalation",
  },
  {
    name: "a ClusterRole everywhere, with bind everywhere",
    policy: [podClusterRole, ...holding([on("bind", "clusterroles")], true)],
    binding: bindEverywhere("new"),
    wanted: "may",
  },
  {
    name: "an aggregated ClusterRole, by what it gathers",
    policy: [gathering, clusterRole("part", [secrets], { to: "new" }), ...holding([pods])],
    binding: bind("ClusterRole/new"),
    wanted: "policy/escalation",
  },
  {
    name: "other subjects for the same role",
    policy: [podRole, ...holding([pods])],
    binding: podBinding,
    before: bind("Role/new", []),
    wanted: "may",
  },
  {
    name: "another role",
    policy: [podRole, role("old", []), ...holding([all])],
    binding: podBinding,
    before: bind("Role/old"),
    wanted: "policy/role-ref",
  },
  {
    name: "a ClusterRole of the same name",
    policy: [podRole, podClusterRole, ...holding([all])],
    binding: podBinding,
    before: bind("ClusterRole/new"),
    wanted: "policy/role-ref",
  },
  {
    name: "for ever, what a grant gives",
    policy: heldRole(pods),
    grants: granted(),
    binding: podBinding,
    wanted: "policy/escalation",
  },
  {
    name: "until the grant's end, what it gives",
    policy: heldRole(pods),
    grants: granted(),
    binding: podBinding,
    until: 200,
    wanted: "may",
  },
  {
    name: "for longer than the grant, what it gives",
    policy: heldRole(pods),
    grants: granted(),
    binding: podBinding,
    until: 201,
    wanted: "policy/escalation",
  },
  {
    name: "what a grant gave",
    policy: heldRole(pods),
    grants: granted({ until: 150 }),
    binding: podBinding,
    until: 150,
    wanted: "policy/escalation",
  },
  {
    name: "what a grant will give",
    policy: heldRole(pods),
    grants: granted({ notBefore: 160 }),
    binding: podBinding,
    until: 180,
    wanted: "policy/escalation",
  },
  {
    name: "what a grant gives on one network",
    policy: heldRole(pods),
    grants: granted({ peers: ["10.0.0.0/8"] }),
    binding: podBinding,
    until: 200,
    wanted: "policy/escalation",
  },
  {
    name: "what a grant gives once",
    policy: heldRole(pods),
    grants: granted({ maxUses: 1 }),
    binding: podBinding,
    until: 200,
    wanted: "policy/escalation",
  },
  {
    name: "until then, what one holds for ever",
    policy: [podRole, ...holding([pods])],
    binding: podBinding,
    until: 200,
    wanted: "may",
  },
  {
    name: "for ever, with bind by a grant",
    policy: heldRole(on("bind", "roles")),
    grants: granted(),
    binding: podBinding,
    wanted: "policy/escalation",
  },
  {
    name: "until the grant's end, with bind by it",
    policy: heldRole(on("bind", "roles")),
    grants: granted(),
    binding: podBinding,
    until: 200,
    wanted: "may",
  },
];

for (const { name, policy, binding, before, until, grants = [], wanted } of bindingCases) {
  test(`${wanted === "may" ? "may" : "may not"} bind: ${name}`, () => {
    const write = {
      binding: bindingOf(binding),
      before: before === undefined ? undefined : bindingOf(before),
      until,
    };
    const whole = Policy.of(objectsOf(policy), grants);
    const permission = mayWriteBinding(whole, ada, write, NOW);
    const got = permission.kind === "may" ? "may" : permission.code;
    assert.equal(got, wanted, JSON.stringify(permission));
  });
}

test("a grant with escalate writes no role, which would stay when it has ended", () => {
  const whole = Policy.of(objectsOf(heldRole(on("escalate", "roles"))), granted());
  const permission = mayWriteRole(whole, ada, { role: roleOf(podRole), before: undefined }, NOW);
  assert.equal(permission.kind, "may-not");
});

test("what is missing is told as rules", () => {
  const policy = Policy.of(objectsOf(holding([{ ...pods, verbs: ["get", "list"] }])));
  const giver = { user: ada, namespace: "prod", until: undefined };
  const wanted = [ruleOf({ ...pods, verbs: ["list", "delete"], resourceNames: ["web"] }), ruleOf(allPaths)];
  assert.deepEqual(covers(policy, giver, wanted, NOW), {
    kind: "missing",
    missing: [ruleOf({ ...pods, verbs: ["delete"], resourceNames: ["web"] }), ruleOf(allPaths)],
  });
});

test("a refusal lists what is missing, but not without end", () => {
  const verbs = Array.from({ length: 12 }, (_, index) => `v${index}`);
  const wide = roleOf(role("new", [{ ...pods, verbs }]));
  const refused = mayWriteRole(Policy.empty, ada, { role: wide, before: undefined }, NOW);
  assert.equal(refused.kind, "may-not");
  assert.match(refused.detail, /^user "ada" does not hold: v0 pods; v1 pods; .*; v9 pods; and 2 more$/);
});

test("a binding that is refused another role is told the one it has", () => {
  const write = {
    binding: bindingOf(bind("Role/new")),
    before: bindingOf(bind("Role/old")),
    until: undefined,
  };
  assert.deepEqual(mayWriteBinding(Policy.empty, ada, write, NOW), {
    kind: "may-not",
    code: "policy/role-ref",
    detail: 'RoleBinding "binding" is for Role "old", and for no other',
  });
});
