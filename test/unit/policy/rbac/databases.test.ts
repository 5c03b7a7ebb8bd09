/** Postern's one addition to Kubernetes' rules: `cluster/*` is every database of a cluster. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { authorize } from "../../../../src/policy/rbac/authorize.ts";
import { missingRights } from "../../../../src/policy/rbac/covers.ts";
import type { Asked, RawRule } from "../../../support/rbac/case.ts";
import { bindEverywhere, clusterRole } from "../../../support/rbac/case.ts";
import { amongMany, attributesOf, policyOf, ruleOf } from "../../../support/rbac/table.ts";

const rule = (names: readonly string[], over: Partial<RawRule> = {}): RawRule => ({
  verbs: ["connect"],
  apiGroups: ["postern.dev"],
  resources: ["databases"],
  resourceNames: names,
  ...over,
});
const asked = { verb: "connect", apiGroup: "postern.dev", resource: "databases" };

type Row = readonly [name: string, rule: RawRule, asked: Asked, allowed: boolean];

const rows: readonly Row[] = [
  ["a database by name", rule(["main/shop"]), { name: "main/shop" }, true],
  ["another database", rule(["main/shop"]), { name: "main/hr" }, false],
  ["the database of another cluster", rule(["main/shop"]), { name: "other/shop" }, false],
  ["any database of a cluster", rule(["main/*"]), { name: "main/shop" }, true],
  ["any database of another cluster", rule(["main/*"]), { name: "other/shop" }, false],
  ["a cluster that begins the same", rule(["main/*"]), { name: "main2/shop" }, false],
  ["a database with a slash in its name", rule(["main/*"]), { name: "main/a/b" }, true],
  ["a database that is called star", rule(["main/*"]), { name: "main/*" }, true],
  ["a database of no name", rule(["main/*"]), { name: "main/" }, false],
  ["the cluster without a database", rule(["main/*"]), { name: "main" }, false],
  ["a pattern behind a second slash, which is none", rule(["main/a/*"]), { name: "main/a/b" }, false],
  ["the database that is called so", rule(["main/a/*"]), { name: "main/a/*" }, true],
  ["a pattern in the middle of a name, which is none", rule(["main/s*"]), { name: "main/shop" }, false],
  ["any cluster by a star, which is none", rule(["*/shop"]), { name: "main/shop" }, false],
  ["any database of any cluster by stars, which are none", rule(["*/*"]), { name: "main/shop" }, false],
  ["a star alone, which is none", rule(["*"]), { name: "main/shop" }, false],
  ["a slash and a star, which are none", rule(["/*"]), { name: "/shop" }, false],
  ["every database, without names", rule([]), { name: "main/shop" }, true],
  ["no database, with a pattern", rule(["main/*"]), {}, false],
  ["databases of all groups", rule(["main/*"], { apiGroups: ["*"] }), { name: "main/shop" }, true],
  ["databases as all resources", rule(["main/*"], { resources: ["*"] }), { name: "main/shop" }, true],
  [
    "another resource of Postern's",
    rule(["main/*"], { resources: ["*"] }),
    { resource: "databaseroles", name: "main/shop" },
    false,
  ],
  [
    "databases of another group",
    rule(["main/*"], { apiGroups: ["*"] }),
    { apiGroup: "apps", name: "main/shop" },
    false,
  ],
  [
    "a subresource of databases",
    rule(["main/*"], { resources: ["databases/dump"] }),
    { subresource: "dump", name: "main/shop" },
    false,
  ],
  ["another verb", rule(["main/*"]), { verb: "replicate", name: "main/shop" }, false],
];

for (const [name, one, over, allowed] of rows) {
  test(`${allowed ? "open" : "closed"}: ${name}`, () => {
    const objects = [clusterRole("r", [one]), bindEverywhere("r")];
    const attributes = attributesOf({ ...asked, ...over });
    const wanted = allowed ? "allow" : "no-opinion";
    assert.equal(authorize(policyOf(objects), attributes, 0).kind, wanted);
    const among = authorize(policyOf(amongMany(objects, attributes.user)), attributes, 0);
    assert.equal(among.kind, wanted, "the same for somebody with many other roles");
  });
}

type CoverRow = readonly [name: string, held: readonly RawRule[], wanted: RawRule, covered: boolean];

const covering: readonly CoverRow[] = [
  ["one database of a cluster's", [rule(["main/*"])], rule(["main/shop", "main/hr"]), true],
  ["a database of another cluster", [rule(["main/*"])], rule(["main/shop", "other/shop"]), false],
  ["all of a cluster by all of it", [rule(["main/*"])], rule(["main/*"]), true],
  ["all of a cluster by one", [rule(["main/shop"])], rule(["main/*"]), false],
  ["every database by all of one cluster", [rule(["main/*"])], rule([]), false],
  ["all of a cluster by every database", [rule([])], rule(["main/*"]), true],
  [
    "databases of all groups by Postern's",
    [rule(["main/*"])],
    rule(["main/shop"], { apiGroups: ["*"] }),
    false,
  ],
  [
    "every resource by databases",
    [rule(["main/*"], { resources: ["*"] })],
    rule(["main/shop"], { resources: ["*"] }),
    false,
  ],
  [
    "another group by a pattern",
    [rule(["main/*"], { apiGroups: ["*"] })],
    rule(["main/shop"], { apiGroups: ["apps"] }),
    false,
  ],
];

for (const [name, held, wanted, covered] of covering) {
  test(`${covered ? "may be given on" : "may not be given on"}: ${name}`, () => {
    assert.equal(missingRights(held.map(ruleOf), [ruleOf(wanted)]).length === 0, covered);
  });
}
