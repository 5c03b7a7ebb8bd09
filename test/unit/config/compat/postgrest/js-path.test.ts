import assert from "node:assert/strict";
import { test } from "node:test";
import { ClaimPath } from "../../../../../src/config/claim-path.ts";
import { translateJsPath } from "../../../../../src/config/compat/postgrest/js-path.ts";

/** A path of old → the path that it becomes, and what that selects in the claims below. */
const TRANSLATED: Readonly<Record<string, readonly [string, readonly unknown[]]>> = {
  ".sub": ["$.sub", ["ada"]],
  ".postgrest.a_role": ["$.postgrest.a_role", ["author"]],
  ".customObject.manyRoles[1]": ["$.customObject.manyRoles[1]", ["author"]],
  '."https://www.example.com/roles"[0].value': ["$['https://www.example.com/roles'][0].value", ["author"]],
  ".customObject.manyRoles[3]": ["$.customObject.manyRoles[3]", []],
  ".missing": ["$.missing", []],
  ".$weird@": ["$['$weird@']", ["odd"]],
  '."it\'s"': ["$['it\\'s']", ["quoted"]],
  '.roles[?(@ == "author")]': ["$.roles[?@ == 'author']", ["author"]],
  '.roles[?(@ != "other")]': ["$.roles[?@ != 'other' && search(@, '')]", ["author", "a.b"]],
  '.roles[?(@ ^== "aut")]': ["$.roles[?search(@, '^aut')]", ["author"]],
  '.roles[?(@ ==^ "er")]': ["$.roles[?search(@, 'er$')]", ["other"]],
  '.roles[?(@ *== "tho")]': ["$.roles[?search(@, 'tho')]", ["author"]],
  '.roles[?(@ *== "a.b")]': ["$.roles[?search(@, 'a\\\\.b')]", ["a.b"]],
  '.roles[?(@ *== "(")]': ["$.roles[?search(@, '\\\\(')]", []],
};

const CLAIMS = {
  sub: "ada",
  postgrest: { a_role: "author" },
  customObject: { manyRoles: ["other", "author"] },
  "https://www.example.com/roles": [{ value: "author" }],
  $weird$: 1,
  "$weird@": "odd",
  "it's": "quoted",
  roles: ["other", "author", { obj_key: "author" }, 5, "a.b"],
};

for (const [old, [path, selected]] of Object.entries(TRANSLATED)) {
  test(`the path of old ${old} is ${path}`, () => {
    assert.equal(translateJsPath(old), path);
    const parsed = ClaimPath.parse(path);
    assert.ok(parsed instanceof ClaimPath);
    assert.deepEqual(parsed.select(CLAIMS), selected);
  });
}

for (const wrong of [
  "",
  "role.other",
  ".role##",
  ".my_role;;domain",
  ".#$$%&$%/",
  "1234",
  ".role[?(@ =)]",
  '.roles[?(@ == "a")].more',
  ".a..b",
  '."open',
  "$.a",
])
  test(`no path of old: ${wrong === "" ? "nothing" : wrong}`, () =>
    assert.equal(translateJsPath(wrong), undefined));
