import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfigFile } from "../../../../../src/config/compat/postgrest/config-file.ts";
import { testFeature } from "../../../../support/feature.ts";

function entries(text: string, variables: Readonly<Record<string, string>> = {}): unknown {
  const parsed = parseConfigFile(text, variables);
  if (parsed.kind === "fault") return `${parsed.line}: ${parsed.message}`;
  return Object.fromEntries([...parsed.entries].map(([name, { value }]) => [name, value]));
}

const READ: Readonly<Record<string, readonly [string, unknown]>> = {
  nothing: ["", {}],
  "comments and blank lines": ["# one\n\n  # two\na = 1 # three\n", { a: 1 }],
  "kinds of value": [
    'a = "text"\nb = 3\nc = -1.5\nd = true\ne = off\nf = on\ng = false\nh = [1, "two", true]\ni = []',
    { a: "text", b: 3, c: -1.5, d: true, e: false, f: true, g: false, h: [1, "two", true], i: [] },
  ],
  "values that need no blanks, and several in a line": ['a="x";b=2', { a: "x", b: 2 }],
  escapes: ['a = "q\\"b\\\\n\\nt\\tu\\u00e9\\ud83d\\ude00"', { a: 'q"b\\n\nt\tué😀' }],
  "a dollar sign, doubled": [
    "jwt-role-claim-key = \"$$.a[?@ == '$$']\"",
    { "jwt-role-claim-key": "$.a[?@ == '$']" },
  ],
  "a value over several lines": ['a =\n  "x"\nb = [\n  1,\n  2\n]', { a: "x", b: [1, 2] }],
  groups: ['app {\n settings { one = "1" }\n}\nb = 2', { "app.settings.one": "1", b: 2 }],
  "names with dots, dashes, digits and underscores": ["app.settings.a_b-2 = 1", { "app.settings.a_b-2": 1 }],
  "the last of two": ["a = 1\na = 2", { a: 2 }],
  "text of other scripts, and a byte-order mark": ['\uFEFF# Commènt\na = "chàrs"', { a: "chàrs" }],
  "lines that end as Windows has them": ['a = 1\r\nb = "x"\r\n', { a: 1, b: "x" }],
};

for (const [name, [text, wanted]] of Object.entries(READ)) {
  testFeature({ feature: "start.file" }, `a postgrest.conf is read: ${name}`, () =>
    assert.deepEqual(entries(text), wanted),
  );
}

testFeature(
  { feature: "start.file-variables" },
  "a variable of the environment is put in where $(NAME) stands",
  () => {
    assert.deepEqual(entries('a = "<$(KEY)>$$(KEY)"', { KEY: "k" }), { a: "<k>$(KEY)" });
  },
);

const REFUSED: Readonly<Record<string, readonly [string, string]>> = {
  YAML: ["yaml:\n  is: not", "1: lacks an equals sign after the name"],
  "a name that is none": ["\n= 3", "2: is no setting"],
  "text without quotes": [
    "a = 1\nb = hunter2",
    "2: has a value that is no number, text, list, true or false",
  ],
  "a quote that is not closed": ['a = "hunter2\n', "1: has a text without its closing quote"],
  "a list that is not closed": ["a = [1, 2", "1: has a list without its closing bracket"],
  "a group that is not closed": ["a {\n b = 1\n", "3: lacks a closing brace"],
  "a dollar sign by itself": ['a = "hunter$2"', "1: has a single $"],
  "a variable that is not set": ['a = "$(NOPE)"', "1: names NOPE, which the environment does not have"],
  "an escape that there is not": ['a = "\\x"', "1: has a backslash that begins no escape"],
  "an import": ['import "other.conf"', "1: imports a file, which is not supported"],
  "lists without end": [`a = ${"[".repeat(100)}`, "1: is nested too deeply"],
  "groups without end": ["a {".repeat(100), "1: is nested too deeply"],
};

for (const [name, [text, wanted]] of Object.entries(REFUSED)) {
  test(`a postgrest.conf is refused, without repeating it: ${name}`, () => {
    const message = String(entries(text));
    assert.ok(message.startsWith(wanted), message);
    assert.doesNotMatch(message, /hunter/);
  });
}
