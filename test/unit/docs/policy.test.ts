/** docs/policy.md: its objects are taken as they stand, and its table of answers is right. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { authorize } from "../../../src/policy/rbac/authorize.ts";
import { Policy } from "../../../src/policy/rbac/policy.ts";
import { objectsOf } from "../../support/rbac/table.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/policy.md"), "utf8");
const written = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].flatMap(([, yaml = ""]) =>
  parseAllDocuments(yaml).map((document) => document.toJS() as unknown),
);
const policy = Policy.of(objectsOf(written));
const columns = ["user", "groups", "verb", "resource", "name", "namespace", "may"] as const;
const rows = (page.split(`| ${columns.join(" | ")} |\n`)[1] ?? "")
  .split("\n")
  .slice(1)
  .filter((_, index, lines) => lines.slice(0, index + 1).every((line) => line.startsWith("|")))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test("the page has objects and answers", () => {
  assert.equal(written.length, 5);
  assert.equal(rows.length, 14);
});

for (const row of rows) {
  test(`the page says rightly: ${row.filter((cell) => cell !== "").join(" ")}`, () => {
    assert.equal(row.length, columns.length);
    const [user = "", groups = "", verb = "", resource = "", name = "", namespace = "", may = ""] = row;
    const who = { name: user, groups: groups === "" ? [] : [groups] };
    const decision = authorize(
      policy,
      { user: who, verb, apiGroup: "postern.dev", resource, name, namespace },
      0,
    );
    assert.equal(decision.kind, { yes: "allow", no: "no-opinion" }[may]);
  });
}
