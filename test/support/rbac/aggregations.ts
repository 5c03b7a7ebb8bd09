/** Aggregated ClusterRoles: which they select, and what becomes of what they say themselves. */
import type { AuthorizeCase, RawObject, RawRule } from "./case.ts";
import { aggregate, bind, bindEverywhere, clusterRole, role } from "./case.ts";

const pods: RawRule = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
const secrets: RawRule = { verbs: ["get"], apiGroups: [""], resources: ["secrets"] };

const labels = (matchLabels: Readonly<Record<string, string>>) => ({ matchLabels });
const needs = (key: string, operator: string, values: readonly string[] = []) => ({
  matchExpressions: [values.length === 0 ? { key, operator } : { key, operator, values }],
});

/** Whether a role with these labels is gathered by these selectors. */
type Row = readonly [
  name: string,
  selectors: readonly object[],
  labels: Readonly<Record<string, string>>,
  allowed: boolean,
];

const selections: readonly Row[] = [
  ["a label with its value", [labels({ to: "view" })], { to: "view" }, true],
  ["a label with another value", [labels({ to: "view" })], { to: "edit" }, false],
  ["a label that is not there", [labels({ to: "view" })], {}, false],
  ["a label with more beside it", [labels({ to: "view" })], { to: "view", more: "1" }, true],
  ["two labels, both there", [labels({ a: "1", b: "2" })], { a: "1", b: "2" }, true],
  ["two labels, one there", [labels({ a: "1", b: "2" })], { a: "1" }, false],
  ["an empty value", [labels({ a: "" })], { a: "" }, true],
  ["an empty value of a label that is not there", [labels({ a: "" })], {}, false],
  ["a value in another case", [labels({ a: "x" })], { a: "X" }, false],
  [
    "a key with a prefix",
    [labels({ "rbac.example.com/to": "view" })],
    { "rbac.example.com/to": "view" },
    true,
  ],
  ["a selector of everything", [{}], {}, true],
  ["In, with the value", [needs("a", "In", ["1", "2"])], { a: "2" }, true],
  ["In, with another value", [needs("a", "In", ["1", "2"])], { a: "3" }, false],
  ["In, without the label", [needs("a", "In", ["1"])], {}, false],
  ["NotIn, with another value", [needs("a", "NotIn", ["1"])], { a: "2" }, true],
  ["NotIn, with the value", [needs("a", "NotIn", ["1"])], { a: "1" }, false],
  ["NotIn, without the label", [needs("a", "NotIn", ["1"])], {}, true],
  ["Exists, with the label", [needs("a", "Exists")], { a: "" }, true],
  ["Exists, without the label", [needs("a", "Exists")], { b: "1" }, false],
  ["DoesNotExist, with the label", [needs("a", "DoesNotExist")], { a: "1" }, false],
  ["DoesNotExist, without the label", [needs("a", "DoesNotExist")], { b: "1" }, true],
  [
    "labels and expressions, both met",
    [{ ...labels({ a: "1" }), ...needs("b", "Exists") }],
    { a: "1", b: "2" },
    true,
  ],
  ["labels met, expressions not", [{ ...labels({ a: "1" }), ...needs("b", "Exists") }], { a: "1" }, false],
  ["expressions met, labels not", [{ ...labels({ a: "1" }), ...needs("b", "Exists") }], { b: "1" }, false],
  ["the second of two selectors", [labels({ a: "1" }), labels({ b: "2" })], { b: "2" }, true],
  ["neither of two selectors", [labels({ a: "1" }), labels({ b: "2" })], { a: "2", b: "1" }, false],
];

const view = [labels({ to: "view" })];
const toView = { to: "view" };

type Chain = readonly [name: string, objects: readonly RawObject[], resource: string, allowed: boolean];

const chains: readonly Chain[] = [
  ["what the aggregated role says itself", [aggregate("view", view, {}, [pods])], "pods", false],
  [
    "what it says itself, beside what it gathers",
    [aggregate("view", view, {}, [secrets]), clusterRole("a", [pods], toView)],
    "secrets",
    false,
  ],
  [
    "one of two roles that it gathers",
    [aggregate("view", view), clusterRole("a", [secrets], toView), clusterRole("b", [pods], toView)],
    "pods",
    true,
  ],
  [
    "a role that it does not gather",
    [aggregate("view", view), clusterRole("a", [secrets], toView), clusterRole("b", [pods])],
    "pods",
    false,
  ],
  [
    "a Role, which has labels but is no ClusterRole",
    [
      aggregate("view", view),
      { ...role("a", [pods]), metadata: { name: "a", namespace: "prod", labels: toView } },
    ],
    "pods",
    false,
  ],
  [
    "two steps",
    [
      aggregate("view", view),
      aggregate("middle", [labels({ to: "middle" })], toView),
      clusterRole("a", [pods], { to: "middle" }),
    ],
    "pods",
    true,
  ],
  [
    "three steps",
    [
      aggregate("view", view),
      aggregate("m1", [labels({ to: "m1" })], toView),
      aggregate("m2", [labels({ to: "m2" })], { to: "m1" }),
      clusterRole("a", [pods], { to: "m2" }),
    ],
    "pods",
    true,
  ],
  ["itself alone", [aggregate("view", view, toView, [pods])], "pods", false],
  ["itself and another", [aggregate("view", view, toView), clusterRole("a", [pods], toView)], "pods", true],
  [
    "two that gather each other",
    [aggregate("view", view, { to: "other" }), aggregate("other", [labels({ to: "other" })], toView)],
    "pods",
    false,
  ],
  [
    "two that gather each other and a third",
    [
      aggregate("view", view, { to: "other" }),
      aggregate("other", [labels({ to: "other" })], toView),
      clusterRole("a", [pods], { to: "other" }),
    ],
    "pods",
    true,
  ],
  [
    "everything, other aggregated roles included",
    [
      aggregate("view", [{}]),
      aggregate("other", [labels({ to: "other" })]),
      clusterRole("a", [pods], { to: "other" }),
    ],
    "pods",
    true,
  ],
];

export const aggregationCases: readonly AuthorizeCase[] = [
  ...selections.map(([name, selectors, own, allowed]) => ({
    name,
    objects: [aggregate("view", selectors), clusterRole("part", [pods], own), bindEverywhere("view")],
    asked: { resource: "pods" },
    allowed,
  })),
  ...chains.map(([name, objects, resource, allowed]) => ({
    name,
    objects: [...objects, bindEverywhere("view")],
    asked: { resource },
    allowed,
  })),
  {
    name: "an aggregated role by a RoleBinding, in its namespace",
    objects: [aggregate("view", view), clusterRole("a", [pods], toView), bind("ClusterRole/view")],
    asked: { resource: "pods" },
    allowed: true,
  },
  {
    name: "an aggregated role by a RoleBinding, elsewhere",
    objects: [aggregate("view", view), clusterRole("a", [pods], toView), bind("ClusterRole/view")],
    asked: { resource: "pods", namespace: "test" },
    allowed: false,
  },
];
