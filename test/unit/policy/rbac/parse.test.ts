import assert from "node:assert/strict";
import { test } from "node:test";
import { namespaceOf, objectKey, RBAC_VERSION } from "../../../../src/policy/rbac/objects.ts";
import { parsePolicyObject } from "../../../../src/policy/rbac/parse.ts";

const RULE = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
const role = (fields: object) => ({
  apiVersion: RBAC_VERSION,
  kind: "Role",
  metadata: { name: "r", namespace: "prod" },
  ...fields,
});
const clusterRole = (fields: object) => ({
  apiVersion: RBAC_VERSION,
  kind: "ClusterRole",
  metadata: { name: "r" },
  ...fields,
});
const binding = (fields: object) => ({
  apiVersion: RBAC_VERSION,
  kind: "RoleBinding",
  metadata: { name: "b", namespace: "prod" },
  roleRef: { kind: "Role", name: "r" },
  ...fields,
});
const clusterBinding = (fields: object) => ({
  apiVersion: RBAC_VERSION,
  kind: "ClusterRoleBinding",
  metadata: { name: "b" },
  roleRef: { kind: "ClusterRole", name: "r" },
  ...fields,
});
const selecting = (requirement: object) =>
  clusterRole({ aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [requirement] }] } });

interface Fault {
  readonly name: string;
  readonly object: unknown;
  readonly path: string;
  readonly message: RegExp;
}

const faults: readonly Fault[] = [
  { name: "something that is no map", object: 5, path: "the object", message: /another kind; write a map/ },
  { name: "nothing", object: null, path: "the object", message: /missing; write a map/ },
  { name: "an unknown kind", object: { kind: "Pod" }, path: "kind", message: /Role, ClusterRole/ },
  { name: "no kind", object: {}, path: "kind", message: /missing/ },
  {
    name: "Postern's own group as apiVersion",
    object: role({ apiVersion: "postern.dev/v1" }),
    path: "apiVersion",
    message: /it can be rbac\.authorization\.k8s\.io\/v1/,
  },
  { name: "an unknown field", object: role({ rulez: [] }), path: "rulez", message: /not a field/ },
  {
    name: "an unknown field of a rule",
    object: role({ rules: [{ ...RULE, verb: "get" }] }),
    path: "rules[0].verb",
    message: /not a field/,
  },
  { name: "no name", object: role({ metadata: {} }), path: "metadata.name", message: /missing; write text/ },
  {
    name: "a name with a slash",
    object: role({ metadata: { name: "a/b" } }),
    path: "metadata.name",
    message: /must not hold `\/`/,
  },
  {
    name: "a name of two dots",
    object: role({ metadata: { name: ".." } }),
    path: "metadata.name",
    message: /`\.\.`/,
  },
  {
    name: "a name of 254 characters",
    object: role({ metadata: { name: "n".repeat(254) } }),
    path: "metadata.name",
    message: /the most is 253/,
  },
  {
    name: "a namespace in upper case",
    object: role({ metadata: { name: "r", namespace: "Prod" } }),
    path: "metadata.namespace",
    message: /not a namespace/,
  },
  {
    name: "a ClusterRole in a namespace",
    object: clusterRole({ metadata: { name: "r", namespace: "prod" } }),
    path: "metadata.namespace",
    message: /belongs to no namespace/,
  },
  {
    name: "a label with a blank",
    object: role({ metadata: { name: "r", labels: { "a b": "c" } } }),
    path: "metadata.labels.a b",
    message: /not a label's key/,
  },
  {
    name: "a label's value with a slash",
    object: role({ metadata: { name: "r", labels: { a: "b/c" } } }),
    path: "metadata.labels.a",
    message: /not a label's value/,
  },
  { name: "rules that are no list", object: role({ rules: {} }), path: "rules", message: /write a list/ },
  {
    name: "a rule without verbs",
    object: role({ rules: [{ ...RULE, verbs: [] }] }),
    path: "rules[0].verbs",
    message: /is empty/,
  },
  {
    name: "a rule without API groups",
    object: role({ rules: [{ verbs: ["get"], resources: ["pods"] }] }),
    path: "rules[0].apiGroups",
    message: /"postern\.dev"/,
  },
  {
    name: "a rule without resources",
    object: role({ rules: [{ verbs: ["get"], apiGroups: [""] }] }),
    path: "rules[0].resources",
    message: /is empty/,
  },
  {
    name: "an empty verb",
    object: role({ rules: [{ ...RULE, verbs: [""] }] }),
    path: "rules[0].verbs[0]",
    message: /is empty/,
  },
  {
    name: "a verb that is a number",
    object: role({ rules: [{ ...RULE, verbs: [5] }] }),
    path: "rules[0].verbs[0]",
    message: /another kind; write text/,
  },
  {
    name: "a verb with NUL",
    object: role({ rules: [{ ...RULE, verbs: ["a\0"] }] }),
    path: "rules[0].verbs[0]",
    message: /NUL/,
  },
  {
    name: "paths beside resources",
    object: clusterRole({ rules: [{ ...RULE, nonResourceURLs: ["/x"] }] }),
    path: "rules[0].nonResourceURLs",
    message: /a rule for each/,
  },
  {
    name: "paths in a Role",
    object: role({ rules: [RULE, { verbs: ["get"], nonResourceURLs: ["/x"] }] }),
    path: "rules[1].nonResourceURLs",
    message: /ClusterRole/,
  },
  {
    name: "more rules than anybody reads",
    object: role({ rules: Array.from({ length: 1001 }, () => RULE) }),
    path: "rules",
    message: /the most is 1000/,
  },
  {
    name: "a rule that stands for too many rights",
    object: role({ rules: [{ ...RULE, verbs: verbs(200), resources: verbs(101) }] }),
    path: "rules",
    message: /more than 20000 single rights/,
  },
  {
    name: "an aggregation of nothing",
    object: clusterRole({ aggregationRule: { clusterRoleSelectors: [] } }),
    path: "aggregationRule.clusterRoleSelectors",
    message: /at least one selector/,
  },
  {
    name: "an unknown operator",
    object: selecting({ key: "a", operator: "Is", values: ["b"] }),
    path: "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator",
    message: /In, NotIn, Exists, DoesNotExist/,
  },
  {
    name: "In without values",
    object: selecting({ key: "a", operator: "In" }),
    path: "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values",
    message: /In needs at least one value/,
  },
  {
    name: "Exists with values",
    object: selecting({ key: "a", operator: "Exists", values: ["b"] }),
    path: "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values",
    message: /must be empty for Exists/,
  },
  {
    name: "an aggregation in a Role",
    object: role({ aggregationRule: { clusterRoleSelectors: [{}] } }),
    path: "aggregationRule",
    message: /not a field/,
  },
  {
    name: "a binding without a role",
    object: binding({ roleRef: undefined }),
    path: "roleRef",
    message: /missing; write a map/,
  },
  {
    name: "a reference to another kind",
    object: binding({ roleRef: { kind: "Group", name: "r" } }),
    path: "roleRef.kind",
    message: /Role, ClusterRole/,
  },
  {
    name: "a reference into another API group",
    object: binding({ roleRef: { apiGroup: "postern.dev", kind: "Role", name: "r" } }),
    path: "roleRef.apiGroup",
    message: /rbac\.authorization\.k8s\.io/,
  },
  {
    name: "a reference with a namespace",
    object: binding({ roleRef: { kind: "Role", name: "r", namespace: "other" } }),
    path: "roleRef.namespace",
    message: /not a field/,
  },
  {
    name: "a ClusterRoleBinding to a Role",
    object: clusterBinding({ roleRef: { kind: "Role", name: "r" } }),
    path: "roleRef.kind",
    message: /it can be ClusterRole$/,
  },
  {
    name: "a subject of another kind",
    object: binding({ subjects: [{ kind: "Robot", name: "a" }] }),
    path: "subjects[0].kind",
    message: /User, Group, ServiceAccount/,
  },
  {
    name: "a user without a name",
    object: binding({ subjects: [{ kind: "User", name: "" }] }),
    path: "subjects[0].name",
    message: /is empty/,
  },
  {
    name: "a user of another API group",
    object: binding({ subjects: [{ kind: "User", name: "a", apiGroup: "postern.dev" }] }),
    path: "subjects[0].apiGroup",
    message: /rbac\.authorization\.k8s\.io/,
  },
  {
    name: "a group in a namespace",
    object: binding({ subjects: [{ kind: "Group", name: "a", namespace: "prod" }] }),
    path: "subjects[0].namespace",
    message: /no meaning/,
  },
  {
    name: "a service account of an API group",
    object: binding({
      subjects: [{ kind: "ServiceAccount", name: "a", apiGroup: "rbac.authorization.k8s.io" }],
    }),
    path: "subjects[0].apiGroup",
    message: /it can be/,
  },
  {
    name: "a service account with a colon",
    object: binding({ subjects: [{ kind: "ServiceAccount", name: "a:b" }] }),
    path: "subjects[0].name",
    message: /not a service account's name/,
  },
  {
    name: "a service account of no namespace, everywhere",
    object: clusterBinding({ subjects: [{ kind: "ServiceAccount", name: "a" }] }),
    path: "subjects[0].namespace",
    message: /is missing/,
  },
  {
    name: "more subjects than a list may have",
    object: binding({ subjects: Array.from({ length: 1001 }, () => ({ kind: "User", name: "a" })) }),
    path: "subjects",
    message: /the most is 1000/,
  },
];

function verbs(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `v${index}`);
}

for (const { name, object, path, message } of faults) {
  test(`refused, with its place: ${name}`, () => {
    const parsed = parsePolicyObject(object);
    assert.equal(parsed.kind, "faults");
    const fault = parsed.faults.find((each) => each.path === path);
    assert.ok(fault, `no fault at ${path}: ${JSON.stringify(parsed.faults)}`);
    assert.match(fault.message, message);
  });
}

test("everything that is wrong with an object is told at once", () => {
  const parsed = parsePolicyObject(
    role({ metadata: { name: "a/b", foo: 1 }, rules: [{ ...RULE, verbs: [] }] }),
  );
  assert.equal(parsed.kind, "faults");
  assert.deepEqual(parsed.faults.map(({ path }) => path).sort(), [
    "metadata.foo",
    "metadata.name",
    "rules[0].verbs",
  ]);
});

test("a Role as kubectl prints it is taken, without what only the server knows", () => {
  const parsed = parsePolicyObject({
    apiVersion: RBAC_VERSION,
    kind: "Role",
    metadata: {
      name: "readers",
      namespace: "prod",
      resourceVersion: "41",
      uid: "6a1f",
      creationTimestamp: "2026-01-01T00:00:00Z",
      generation: 2,
      managedFields: [{ manager: "kubectl" }],
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}\n" },
    },
    rules: [RULE],
  });
  assert.deepEqual(parsed, {
    kind: "object",
    object: {
      apiVersion: RBAC_VERSION,
      kind: "Role",
      metadata: {
        name: "readers",
        namespace: "prod",
        resourceVersion: "41",
        labels: {},
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}\n" },
      },
      rules: [{ ...RULE, resourceNames: [], nonResourceURLs: [] }],
    },
  });
});

test("what kubectl leaves out or writes as null is filled in", () => {
  const parsed = parsePolicyObject({
    apiVersion: RBAC_VERSION,
    kind: "RoleBinding",
    metadata: { name: "b", creationTimestamp: null },
    subjects: [
      { kind: "User", name: "ada" },
      { kind: "Group", name: "ops", apiGroup: "" },
      { kind: "ServiceAccount", name: "app" },
      { kind: "ServiceAccount", name: "app", namespace: "ci", apiGroup: "" },
    ],
    roleRef: { kind: "ClusterRole", name: "view" },
  });
  assert.equal(parsed.kind, "object");
  assert.deepEqual(parsed.object, {
    apiVersion: RBAC_VERSION,
    kind: "RoleBinding",
    metadata: { name: "b", namespace: "default", labels: {}, annotations: {} },
    subjects: [
      { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "ada" },
      { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "ops" },
      { kind: "ServiceAccount", name: "app" },
      { kind: "ServiceAccount", name: "app", namespace: "ci" },
    ],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
  });
  assert.deepEqual(parsePolicyObject(clusterRole({ rules: null, aggregationRule: null })), {
    kind: "object",
    object: clusterRole({ metadata: { name: "r", labels: {}, annotations: {} }, rules: [] }),
  });
});

test("an object that was taken is taken again as it is", () => {
  const written = [
    role({ rules: [RULE] }),
    clusterRole({ rules: [{ verbs: ["get"], nonResourceURLs: ["/api/*"] }] }),
    selecting({ key: "a", operator: "In", values: ["b"] }),
    binding({ subjects: [{ kind: "ServiceAccount", name: "a" }] }),
    clusterBinding({ subjects: [{ kind: "ServiceAccount", name: "a", namespace: "ci" }] }),
  ];
  for (const object of written) {
    const once = parsePolicyObject(object);
    assert.equal(once.kind, "object");
    assert.deepEqual(parsePolicyObject(JSON.parse(JSON.stringify(once.object))), once);
  }
});

test("names that Kubernetes uses for roles are taken", () => {
  for (const name of ["system:node", "Ops (EU)", "a.b", "café"])
    assert.equal(parsePolicyObject(role({ metadata: { name } })).kind, "object", name);
});

test("an object's key tells kind, namespace and name", () => {
  const keys = [role({}), clusterRole({}), binding({}), clusterBinding({})].map((object) => {
    const parsed = parsePolicyObject(object);
    assert.equal(parsed.kind, "object");
    return [objectKey(parsed.object), namespaceOf(parsed.object)];
  });
  assert.deepEqual(keys, [
    ["Role/prod/r", "prod"],
    ["ClusterRole//r", undefined],
    ["RoleBinding/prod/b", "prod"],
    ["ClusterRoleBinding//b", undefined],
  ]);
});
