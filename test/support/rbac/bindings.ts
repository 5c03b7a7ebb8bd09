/** Whom rights are given to and where they hold: scopes, subjects, several bindings, roles that are not there. */
import type { Asked, AuthorizeCase, RawObject, RawRule, RawSubject } from "./case.ts";
import { ada, bind, bindEverywhere, clusterRole, role } from "./case.ts";

const pods: RawRule = { verbs: ["get"], apiGroups: [""], resources: ["pods"] };
const secrets: RawRule = { verbs: ["get"], apiGroups: [""], resources: ["secrets"] };
const health: RawRule = { verbs: ["get"], nonResourceURLs: ["/healthz"] };

type Row = readonly [name: string, objects: readonly RawObject[], asked: Asked, allowed: boolean];

const elsewhere = { namespace: "test" };
const nowhere = { namespace: "" };
const scopes: readonly Row[] = [
  ["a Role in its namespace", [role("r", [pods]), bind("Role/r")], {}, true],
  ["a Role in another namespace", [role("r", [pods]), bind("Role/r")], elsewhere, false],
  ["a Role in no namespace", [role("r", [pods]), bind("Role/r")], nowhere, false],
  ["a Role of another namespace than the binding's", [role("r", [pods], "test"), bind("Role/r")], {}, false],
  ["the same, asked in the Role's", [role("r", [pods], "test"), bind("Role/r")], elsewhere, false],
  [
    "a namesake in the binding's namespace",
    [role("r", [pods], "test"), role("r", [secrets]), bind("Role/r")],
    {},
    false,
  ],
  ["a ClusterRole by a RoleBinding", [clusterRole("r", [pods]), bind("ClusterRole/r")], {}, true],
  [
    "a ClusterRole by a RoleBinding of another namespace",
    [clusterRole("r", [pods]), bind("ClusterRole/r")],
    elsewhere,
    false,
  ],
  [
    "a ClusterRole by a RoleBinding in no namespace",
    [clusterRole("r", [pods]), bind("ClusterRole/r")],
    nowhere,
    false,
  ],
  ["a ClusterRole everywhere, in one namespace", [clusterRole("r", [pods]), bindEverywhere("r")], {}, true],
  ["a ClusterRole everywhere, in another", [clusterRole("r", [pods]), bindEverywhere("r")], elsewhere, true],
  [
    "a ClusterRole everywhere, in no namespace",
    [clusterRole("r", [pods]), bindEverywhere("r")],
    nowhere,
    true,
  ],
  [
    "a Role by the name of a bound ClusterRole",
    [role("r", [pods]), clusterRole("r", [secrets]), bind("ClusterRole/r")],
    {},
    false,
  ],
  [
    "a ClusterRole by the name of a bound Role",
    [role("r", [secrets]), clusterRole("r", [pods]), bind("Role/r")],
    {},
    false,
  ],
  [
    "a path by a RoleBinding",
    [clusterRole("r", [health]), bind("ClusterRole/r")],
    { path: "/healthz" },
    false,
  ],
  [
    "a path by a ClusterRoleBinding",
    [clusterRole("r", [health]), bindEverywhere("r")],
    { path: "/healthz", ...nowhere },
    true,
  ],
  ["a role without a binding", [role("r", [pods]), clusterRole("r", [pods])], {}, false],
  ["a binding without a role", [bind("Role/r")], {}, false],
  ["a binding without a ClusterRole", [bind("ClusterRole/r"), bindEverywhere("r")], {}, false],
  ["a role without rules", [role("r", []), bind("Role/r")], {}, false],
  ["a namespace that begins the same", [role("r", [pods]), bind("Role/r")], { namespace: "prod2" }, false],
  ["no policy at all", [], {}, false],
];

const to = (...subjects: RawSubject[]): RawObject[] => [role("r", [pods]), bind("Role/r", subjects)];
const everywhereTo = (...subjects: RawSubject[]) => [clusterRole("r", [pods]), bindEverywhere("r", subjects)];
const group = (name: string): RawSubject => ({ kind: "Group", name });
const account = (name: string, namespace?: string): RawSubject =>
  namespace === undefined ? { kind: "ServiceAccount", name } : { kind: "ServiceAccount", name, namespace };
const app = { user: "system:serviceaccount:prod:app" };
const subjects: readonly Row[] = [
  ["the user that is named", to(ada), {}, true],
  ["another user", to(ada), { user: "bob" }, false],
  ["the user in another case", to(ada), { user: "Ada" }, false],
  ["a user with more behind the name", to(ada), { user: "ada@example.com" }, false],
  ["one of several users", to({ kind: "User", name: "bob" }, ada), {}, true],
  ["nobody", to(), {}, false],
  ["a user called star, which is no pattern", to({ kind: "User", name: "*" }), {}, false],
  ["a group that the user is in", to(group("ops")), { groups: ["dev", "ops"] }, true],
  ["a group that the user is not in", to(group("ops")), { groups: ["dev"] }, false],
  ["a group, for a user without any", to(group("ops")), {}, false],
  ["a group called as the user", to(group("ada")), {}, false],
  ["a user called as the group", to({ kind: "User", name: "ops" }), { groups: ["ops"] }, false],
  ["a group in another case", to(group("Ops")), { groups: ["ops"] }, false],
  ["a group called star, which is no pattern", to(group("*")), { groups: ["ops"] }, false],
  ["a user beside a group", to(group("ops"), ada), {}, true],
  [
    "everybody who proved who they are",
    everywhereTo(group("system:authenticated")),
    { groups: ["system:authenticated"] },
    true,
  ],
  [
    "everybody who did, for somebody who did not",
    everywhereTo(group("system:authenticated")),
    { groups: ["system:unauthenticated"] },
    false,
  ],
  [
    "those who proved nothing",
    everywhereTo(group("system:unauthenticated")),
    { user: "system:anonymous", groups: ["system:unauthenticated"] },
    true,
  ],
  [
    "the anonymous user by name",
    everywhereTo({ kind: "User", name: "system:anonymous" }),
    { user: "system:anonymous" },
    true,
  ],
  ["a service account of the binding's namespace", to(account("app")), app, true],
  ["a service account of a named namespace", to(account("app", "prod")), app, true],
  ["a service account of another namespace", to(account("app", "test")), app, false],
  ["a namesake of another namespace", to(account("app")), { user: "system:serviceaccount:test:app" }, false],
  [
    "a service account of another namespace, that is named",
    to(account("app", "test")),
    { user: "system:serviceaccount:test:app" },
    true,
  ],
  ["another service account", to(account("web")), app, false],
  ["a service account everywhere", everywhereTo(account("app", "prod")), { ...app, ...elsewhere }, true],
  ["a service account of another namespace, everywhere", everywhereTo(account("app", "test")), app, false],
  [
    "a service account as the user that it is",
    to({ kind: "User", name: "system:serviceaccount:prod:app" }),
    app,
    true,
  ],
  ["a user called as the service account", to(account("app")), { user: "app" }, false],
  [
    "a user whose name only begins as a service account's",
    to(account("app")),
    { user: "system:serviceaccount:prod:app:x" },
    false,
  ],
  [
    "all service accounts",
    everywhereTo(group("system:serviceaccounts")),
    { ...app, groups: ["system:serviceaccounts"] },
    true,
  ],
  [
    "all service accounts of a namespace",
    everywhereTo(group("system:serviceaccounts:prod")),
    { ...app, groups: ["system:serviceaccounts:prod"] },
    true,
  ],
  [
    "all service accounts of another namespace",
    everywhereTo(group("system:serviceaccounts:test")),
    { ...app, groups: ["system:serviceaccounts:prod"] },
    false,
  ],
  ["the user with an empty name", to(ada), { user: "" }, false],
  [
    "system:masters, which policy does not name",
    to(ada),
    { user: "root", groups: ["system:masters"] },
    false,
  ],
];

const sums: readonly Row[] = [
  ["one of two rules", [role("r", [secrets, pods]), bind("Role/r")], {}, true],
  ["halves of two rules", [role("r", [{ ...pods, verbs: ["list"] }, secrets]), bind("Role/r")], {}, false],
  [
    "one of two bindings",
    [role("r", [secrets]), role("s", [pods]), bind("Role/r"), bind("Role/s", [ada], { name: "other" })],
    {},
    true,
  ],
  [
    "halves of two roles",
    [
      role("r", [{ ...pods, verbs: ["list"] }]),
      role("s", [secrets]),
      bind("Role/r"),
      bind("Role/s", [ada], { name: "other" }),
    ],
    {},
    false,
  ],
  [
    "two bindings to one role",
    [role("r", [pods]), bind("Role/r", [group("ops")]), bind("Role/r", [ada], { name: "other" })],
    {},
    true,
  ],
  [
    "a binding by user, one by group",
    [
      role("r", [secrets]),
      role("s", [pods]),
      bind("Role/r"),
      bind("Role/s", [group("ops")], { name: "other" }),
    ],
    { groups: ["ops"] },
    true,
  ],
  [
    "a narrow right beside a wide one",
    [
      role("r", [{ ...pods, resourceNames: ["web"] }]),
      clusterRole("s", [pods]),
      bind("Role/r"),
      bindEverywhere("s"),
    ],
    { name: "db" },
    true,
  ],
  [
    "a wide right elsewhere",
    [
      role("r", [{ ...pods, resourceNames: ["web"] }]),
      clusterRole("s", [pods]),
      bind("Role/r"),
      bind("ClusterRole/s", [ada], { namespace: "test" }),
    ],
    { name: "db" },
    false,
  ],
  [
    "a binding to nothing beside a good one",
    [role("r", [pods]), bind("Role/gone", [ada], { name: "broken" }), bind("Role/r")],
    {},
    true,
  ],
  [
    "the last of many bindings",
    [role("r", [pods]), ...many(20), bind("Role/r", [ada], { name: "z" })],
    {},
    true,
  ],
  ["none of many bindings", [role("r", [pods]), ...many(20)], {}, false],
  [
    "cluster-admin",
    [
      clusterRole("cluster-admin", [
        { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
        { verbs: ["*"], nonResourceURLs: ["*"] },
      ]),
      bindEverywhere("cluster-admin"),
    ],
    { verb: "delete", resource: "nodes", ...nowhere },
    true,
  ],
  [
    "cluster-admin's paths",
    [
      clusterRole("cluster-admin", [
        { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
        { verbs: ["*"], nonResourceURLs: ["*"] },
      ]),
      bindEverywhere("cluster-admin"),
    ],
    { path: "/debug", ...nowhere },
    true,
  ],
];

function many(count: number): RawObject[] {
  return Array.from({ length: count }, (_, index) =>
    bind("Role/r", [{ kind: "User", name: `user-${index}` }], { name: `many-${index}` }),
  );
}

export const bindingCases: readonly AuthorizeCase[] = [scopes, subjects, sums]
  .flat()
  .map(([name, objects, asked, allowed]) => ({ name, objects, asked, allowed }));
