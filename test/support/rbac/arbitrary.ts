/** Random policies over few words, so that they say something about each other. */
import fc from "fast-check";
import type { Asked, RawObject, RawRule, RawSubject } from "./case.ts";
import { aggregate, bind, bindEverywhere, clusterRole, role } from "./case.ts";

const some = <T>(...values: T[]) => fc.constantFrom(...values);
const listOf = (...values: string[]) => fc.uniqueArray(some(...values), { minLength: 1, maxLength: 3 });

const VERBS = ["get", "list", "connect", "*"];
const GROUPS = ["", "apps", "postern.dev", "*"];
const RESOURCES = ["pods", "pods/log", "*/log", "databases", "*"];
const NAMES = ["web", "main/shop", "other/shop"];
const PATHS = ["/healthz", "/api/*", "/api/v1", "/*", "*"];

const namespace = some("prod", "test");
const roleName = some("r1", "r2", "r3");
const label = some({}, { to: "a" }, { to: "b" }, { to: "a", more: "1" });
const selector = some<object>(
  {},
  { matchLabels: { to: "a" } },
  { matchLabels: { to: "b" } },
  { matchExpressions: [{ key: "more", operator: "Exists" }] },
  { matchExpressions: [{ key: "to", operator: "NotIn", values: ["a"] }] },
);

const subject: fc.Arbitrary<RawSubject> = fc.oneof(
  some<RawSubject>({ kind: "User", name: "ada" }, { kind: "User", name: "bob" }),
  some<RawSubject>({ kind: "Group", name: "ops" }, { kind: "Group", name: "dev" }),
  some<RawSubject>({ kind: "ServiceAccount", name: "app", namespace: "prod" }),
);
const subjects = fc.array(subject, { maxLength: 3 });

export const rawBinding: fc.Arbitrary<RawObject> = fc.oneof(
  fc
    .tuple(
      some("Role" as const, "ClusterRole" as const),
      roleName,
      subjects,
      namespace,
      some("b1", "b2", "b3"),
    )
    .map(([kind, ref, to, place, name]) => bind(`${kind}/${ref}` as const, to, { namespace: place, name })),
  fc.tuple(roleName, subjects).map(([name, to]) => bindEverywhere(name, to)),
);

/** Rules whose names are these, and objects of them. */
function policyOver(names: readonly string[]) {
  const resourceRule: fc.Arbitrary<RawRule> = fc.record({
    verbs: listOf(...VERBS),
    apiGroups: listOf(...GROUPS),
    resources: listOf(...RESOURCES),
    resourceNames: fc.oneof({ weight: 2, arbitrary: fc.constant<string[]>([]) }, listOf(...names)),
  });
  const resourceRules = fc.array(resourceRule, { maxLength: 4 });
  const pathRule: fc.Arbitrary<RawRule> = fc.record({
    verbs: listOf(...VERBS),
    nonResourceURLs: listOf(...PATHS),
  });
  const rules = fc.array(fc.oneof({ weight: 4, arbitrary: resourceRule }, pathRule), { maxLength: 4 });
  const anyRole: fc.Arbitrary<RawObject> = fc.oneof(
    fc.tuple(roleName, resourceRules, namespace).map(([name, own, place]) => role(name, own, place)),
    fc.tuple(roleName, rules, label).map(([name, own, labels]) => clusterRole(name, own, labels)),
    fc
      .tuple(roleName, fc.array(selector, { minLength: 1, maxLength: 2 }), label, rules)
      .map(([name, selectors, labels, own]) => aggregate(name, selectors, labels, own)),
  );
  /** No two objects of one kind, namespace and name. */
  const objects = fc.uniqueArray(fc.oneof(anyRole, rawBinding), {
    maxLength: 20,
    size: "max",
    selector: ({ kind, metadata }) => `${kind}/${metadata.namespace ?? ""}/${metadata.name}`,
  });
  return { rules, resourceRules, objects };
}

/** As Kubernetes understands it, too. */
export const plainPolicy = policyOver(NAMES);

/** With names that are patterns to Postern alone. */
export const posternPolicy = policyOver([...NAMES, "main/*"]);

const who = fc.record({
  user: some("ada", "bob", "system:serviceaccount:prod:app"),
  groups: fc.subarray(["ops", "dev"]),
});
const resourceAsked = fc.record(
  {
    verb: some(...VERBS),
    apiGroup: some(...GROUPS),
    resource: some("pods", "databases", "*"),
    subresource: some("", "log"),
    name: some("", ...NAMES),
    namespace: some("prod", "test", ""),
  },
  { requiredKeys: ["verb", "apiGroup", "resource", "namespace"] },
);
const pathAsked = fc.record({
  verb: some(...VERBS),
  path: some("/healthz", "/api/", "/api/v1", "/x", ""),
  namespace: fc.constant(""),
});
export const asked: fc.Arbitrary<Asked> = fc
  .tuple(who, fc.oneof({ weight: 4, arbitrary: resourceAsked }, pathAsked))
  .map(([by, what]) => ({ ...by, ...what }));
