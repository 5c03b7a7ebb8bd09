/** What one rule covers: verbs, API groups, resources, names, paths. */
import type { Asked, AuthorizeCase, RawRule } from "./case.ts";
import { bindEverywhere, clusterRole } from "./case.ts";

/** A rule on pods of the core group. */
const rule = (over: Partial<RawRule>): RawRule => ({
  verbs: ["get"],
  apiGroups: [""],
  resources: ["pods"],
  ...over,
});
const paths = (...nonResourceURLs: string[]): RawRule => ({ verbs: ["get"], nonResourceURLs });

type Row = readonly [name: string, rule: RawRule, asked: Asked, allowed: boolean];

const verbs: readonly Row[] = [
  ["the verb that is named", rule({}), {}, true],
  ["another verb", rule({}), { verb: "list" }, false],
  ["one of several verbs", rule({ verbs: ["list", "watch", "get"] }), { verb: "watch" }, true],
  ["none of several verbs", rule({ verbs: ["list", "watch"] }), {}, false],
  ["any verb", rule({ verbs: ["*"] }), { verb: "deletecollection" }, true],
  ["any verb beside another", rule({ verbs: ["get", "*"] }), { verb: "create" }, true],
  ["a verb that nobody has heard of", rule({ verbs: ["*"] }), { verb: "frobnicate" }, true],
  ["a verb in another case", rule({ verbs: ["Get"] }), {}, false],
  ["a verb that begins the same", rule({ verbs: ["get*"] }), { verb: "get" }, false],
  ["all verbs at once, of one who has one", rule({}), { verb: "*" }, false],
  ["all verbs at once, of one who has all", rule({ verbs: ["*"] }), { verb: "*" }, true],
  ["no verb, of one who has all", rule({ verbs: ["*"] }), { verb: "" }, true],
];

const groups: readonly Row[] = [
  ["the core group", rule({}), {}, true],
  ["another group than the core one", rule({}), { apiGroup: "apps" }, false],
  ["the core group where another is named", rule({ apiGroups: ["apps"] }), {}, false],
  ["a named group", rule({ apiGroups: ["apps"] }), { apiGroup: "apps" }, true],
  ["one of several groups", rule({ apiGroups: ["apps", "batch"] }), { apiGroup: "batch" }, true],
  ["any group", rule({ apiGroups: ["*"] }), { apiGroup: "postern.dev" }, true],
  ["the core group by any", rule({ apiGroups: ["*"] }), {}, true],
  ["a group that contains the named one", rule({ apiGroups: ["dev"] }), { apiGroup: "postern.dev" }, false],
  ["a group by a pattern, which is none", rule({ apiGroups: ["*.dev"] }), { apiGroup: "postern.dev" }, false],
  ["a group in another case", rule({ apiGroups: ["Apps"] }), { apiGroup: "apps" }, false],
  ["all groups at once, of one who has one", rule({}), { apiGroup: "*" }, false],
];

const log = { subresource: "log" };
const resources: readonly Row[] = [
  ["another resource", rule({}), { resource: "secrets" }, false],
  ["one of several resources", rule({ resources: ["secrets", "pods"] }), {}, true],
  ["any resource", rule({ resources: ["*"] }), { resource: "secrets" }, true],
  ["any resource beside another", rule({ resources: ["pods", "*"] }), { resource: "secrets" }, true],
  ["a resource in another case", rule({ resources: ["Pods"] }), {}, false],
  ["the singular", rule({ resources: ["pod"] }), {}, false],
  ["a resource by a pattern, which is none", rule({ resources: ["po*"] }), {}, false],
  ["a subresource by its resource", rule({}), log, false],
  ["a subresource by name", rule({ resources: ["pods/log"] }), log, true],
  ["the resource by its subresource", rule({ resources: ["pods/log"] }), {}, false],
  ["another subresource", rule({ resources: ["pods/log"] }), { subresource: "exec" }, false],
  [
    "the subresource of another resource",
    rule({ resources: ["pods/log"] }),
    { resource: "jobs", ...log },
    false,
  ],
  ["a subresource by any resource", rule({ resources: ["*"] }), log, true],
  ["a subresource of whichever resource", rule({ resources: ["*/log"] }), log, true],
  ["the same of another resource", rule({ resources: ["*/log"] }), { resource: "jobs", ...log }, true],
  [
    "another subresource of whichever resource",
    rule({ resources: ["*/log"] }),
    { subresource: "exec" },
    false,
  ],
  ["a resource by a subresource of whichever", rule({ resources: ["*/log"] }), {}, false],
  ["a resource called as the subresource", rule({ resources: ["*/log"] }), { resource: "log" }, false],
  ["any subresource of a resource, which is no pattern", rule({ resources: ["pods/*"] }), log, false],
  ["the subresource that is called so", rule({ resources: ["pods/*"] }), { subresource: "*" }, true],
  ["any subresource of any resource, which is no pattern", rule({ resources: ["*/*"] }), log, false],
  ["a longer subresource", rule({ resources: ["*/log"] }), { subresource: "prolog" }, false],
  ["a shorter subresource", rule({ resources: ["*/prolog"] }), log, false],
  ["a subresource of several parts", rule({ resources: ["*/a/b"] }), { subresource: "a/b" }, true],
  ["the last part of it", rule({ resources: ["*/b"] }), { subresource: "a/b" }, false],
  ["a subresource beside its resource", rule({ resources: ["pods", "pods/log"] }), log, true],
  ["the subresource in another group", rule({ resources: ["*/log"], apiGroups: ["apps"] }), log, false],
  ["all resources at once, of one who has one", rule({}), { resource: "*" }, false],
  ["all resources at once, of one who has all", rule({ resources: ["*"] }), { resource: "*" }, true],
  [
    "scale of whichever resource",
    rule({ resources: ["*/scale"], verbs: ["*"] }),
    { subresource: "scale" },
    true,
  ],
];

const named = rule({ resourceNames: ["web", "db"], verbs: ["*"] });
const names: readonly Row[] = [
  ["a name that is listed", named, { name: "web" }, true],
  ["another name that is listed", named, { name: "db" }, true],
  ["a name that is not listed", named, { name: "api" }, false],
  ["any name, without a list", rule({}), { name: "api" }, true],
  ["no name, without a list", rule({}), {}, true],
  ["no name, with a list", named, {}, false],
  ["list, with a list of names", named, { verb: "list" }, false],
  ["watch, with a list of names", named, { verb: "watch" }, false],
  ["list of one name, as a field selector asks", named, { verb: "list", name: "web" }, true],
  ["list of another name", named, { verb: "list", name: "api" }, false],
  ["create, with a list of names", named, { verb: "create" }, false],
  ["create where the name is known", named, { verb: "create", name: "web" }, true],
  ["deletecollection, with a list of names", named, { verb: "deletecollection" }, false],
  ["delete of a listed name", named, { verb: "delete", name: "db" }, true],
  ["a name by a pattern, which is none", rule({ resourceNames: ["web*"] }), { name: "web1" }, false],
  ["any name by a star, which is none", rule({ resourceNames: ["*"] }), { name: "web" }, false],
  ["the name that is a star", rule({ resourceNames: ["*"] }), { name: "*" }, true],
  ["a name in another case", named, { name: "Web" }, false],
  ["no name, where the empty one is listed", rule({ resourceNames: [""] }), {}, true],
  ["a name, where the empty one is listed", rule({ resourceNames: [""] }), { name: "web" }, false],
  [
    "a name with the subresource",
    rule({ resources: ["pods/log"], resourceNames: ["web"] }),
    { name: "web", ...log },
    true,
  ],
  [
    "another name with the subresource",
    rule({ resources: ["pods/log"], resourceNames: ["web"] }),
    { name: "db", ...log },
    false,
  ],
  [
    "a name on any resource",
    rule({ resources: ["*"], resourceNames: ["web"] }),
    { resource: "secrets", name: "web" },
    true,
  ],
  ["another name on any resource", rule({ resources: ["*"], resourceNames: ["web"] }), { name: "db" }, false],
  [
    "a name like a path, by the pattern of databases elsewhere",
    rule({ resourceNames: ["main/*"] }),
    { name: "main/shop" },
    false,
  ],
];

const path = (text: string): Asked => ({ path: text, namespace: "" });
const urls: readonly Row[] = [
  ["a path", paths("/healthz"), path("/healthz"), true],
  ["another path", paths("/healthz"), path("/livez"), false],
  ["a path below", paths("/healthz"), path("/healthz/etcd"), false],
  ["a path above", paths("/healthz/etcd"), path("/healthz"), false],
  ["a path with a slash more", paths("/healthz"), path("/healthz/"), false],
  ["one of several paths", paths("/livez", "/readyz"), path("/readyz"), true],
  ["any path", paths("*"), path("/metrics"), true],
  ["the empty path by any", paths("*"), path(""), true],
  ["any path by slash and star", paths("/*"), path("/metrics"), true],
  ["a path below by a star", paths("/api/*"), path("/api/v1/x"), true],
  ["the path itself by a star below", paths("/api/*"), path("/api"), false],
  ["the path with its slash by a star below", paths("/api/*"), path("/api/"), true],
  ["a path that begins so", paths("/api*"), path("/apis"), true],
  ["the path itself by a star behind", paths("/api*"), path("/api"), true],
  ["a path that begins otherwise", paths("/api*"), path("/ap"), false],
  ["several stars as one", paths("/api/**"), path("/api/v1"), true],
  ["nothing but stars", paths("***"), path("/x"), true],
  ["a star in the middle, which is none", paths("/api/*/x"), path("/api/v1/x"), false],
  ["the path that has the star in it", paths("/api/*/x"), path("/api/*/x"), true],
  ["a path in another case", paths("/Healthz"), path("/healthz"), false],
  ["a path with another verb", paths("/healthz"), { ...path("/healthz"), verb: "post" }, false],
  [
    "a path with any verb",
    { verbs: ["*"], nonResourceURLs: ["/healthz"] },
    { ...path("/healthz"), verb: "post" },
    true,
  ],
  ["a path by a rule for resources", rule({ resources: ["*"], apiGroups: ["*"] }), path("/healthz"), false],
  ["a resource by a rule for paths", paths("*"), {}, false],
  ["a resource called like a path", paths("/pods"), { resource: "/pods" }, false],
];

const ruleCase = ([name, one, asked, allowed]: Row): AuthorizeCase => ({
  name,
  objects: [clusterRole("r", [one]), bindEverywhere("r")],
  asked,
  allowed,
});

export const ruleCases: readonly AuthorizeCase[] = [verbs, groups, resources, names, urls]
  .flat()
  .map(ruleCase);
