import assert from "node:assert/strict";
import { test } from "node:test";
import { WireError } from "../../../../src/doors/postgres/errors.ts";
import { readParameters } from "../../../../src/doors/postgres/parameters.ts";

const read = (parameters: Record<string, string>) =>
  readParameters(new Map(Object.entries({ user: "ada", ...parameters })));

const refused: readonly [string, Record<string, string>][] = [
  ["role", { role: "postgres" }],
  ["role in capitals", { ROLE: "postgres" }],
  ["session_authorization", { session_authorization: "postgres" }],
  ["is_superuser", { is_superuser: "on" }],
  ["one of our own settings", { "postern.client": "somebody else" }],
  ["role by -c", { options: "-c role=postgres" }],
  ["role by -c without a space", { options: "-crole=postgres" }],
  ["role by --", { options: "--role=postgres" }],
  ["role in capitals by -c", { options: "-c ROLE=postgres" }],
  ["session_authorization with a dash", { options: "-c session-authorization=postgres" }],
  ["role behind other settings", { options: "-c geqo=off -c search_path=a -c role=postgres" }],
  ["role behind an escaped space", { options: "-c search_path=a\\ b -c role=postgres" }],
  ["role behind tabs and newlines", { options: "-c\tgeqo=off\n-c\vrole=postgres" }],
  ["an escaped letter in the name", { options: "-c r\\ole=postgres" }],
  ["an escaped switch", { options: "\\-c role=postgres" }],
  ["a switch that is no setting", { options: "-E" }],
  ["a setting without a value", { options: "-c role" }],
  ["a switch without a setting", { options: "-c" }],
  ["a bare word", { options: "role=postgres" }],
  ["one of our own settings by -c", { options: "-c postern.client=x" }],
  ["an unknown way to authenticate", { options: "-c postern.auth=none" }],
];

for (const [name, parameters] of refused) {
  test(`attack 6: ${name} in the startup packet is refused`, () => {
    assert.throws(
      () => read(parameters),
      (error) => error instanceof WireError && error.code === "wire/parameter",
    );
  });
}

const forwarded: readonly [string, Record<string, string>, Record<string, string>][] = [
  ["application_name", { application_name: "psql" }, { application_name: "psql" }],
  ["search_path", { search_path: "a,b" }, { search_path: "a,b" }],
  ["settings by -c", { options: "-c geqo=off" }, { options: "-c geqo=off" }],
  ["settings by --", { options: "--geqo=off" }, { options: "-c geqo=off" }],
  ["escaped spaces", { options: "-c search_path=a,\\ b" }, { options: "-c search_path=a,\\ b" }],
  ["escaped backslashes", { options: "-c a.b=x\\\\y" }, { options: "-c a.b=x\\\\y" }],
  ["a value that looks like a switch", { options: "-c a.b=-crole=x" }, { options: "-c a.b=-crole=x" }],
  [
    "a setting whose name only begins like role",
    { options: "-c role_path.x=1" },
    { options: "-c role_path.x=1" },
  ],
  ["nothing but our own setting", { options: "-c postern.auth=oauthbearer" }, {}],
];

for (const [name, parameters, forward] of forwarded) {
  test(`${name}: goes to the server`, () => {
    assert.deepEqual(Object.fromEntries(read(parameters).forward), forward);
  });
}

test("the database is the user's name when it is not given", () => {
  assert.equal(read({}).database, "ada");
  assert.equal(read({ database: "" }).database, "ada");
  assert.equal(read({ database: "shop" }).database, "shop");
});

test("a startup packet without a user is refused", () => {
  assert.throws(
    () => read({ user: "" }),
    (error) => error instanceof WireError && error.code === "wire/no-user",
  );
});

for (const [value, wanted] of [
  ["true", true],
  ["database", true],
  ["on", true],
  ["1", true],
  ["off", false],
  ["FALSE", false],
  ["0", false],
  ["fal", true],
] as const) {
  test(`replication=${value} ${wanted ? "asks for" : "does not ask for"} a replication connection`, () => {
    assert.equal(read({ replication: value }).replication, wanted);
  });
}

test("the client may choose OAUTHBEARER", () => {
  assert.equal(read({ options: "-c postern.auth=oauthbearer" }).authentication, "oauthbearer");
  assert.equal(read({}).authentication, undefined);
});

test("a refused parameter's name is logged up to a length", () => {
  assert.throws(
    () => read({ [`postern.${"x".repeat(9000)}`]: "1" }),
    (error) => error instanceof WireError && error.code === "wire/parameter" && error.message.length < 200,
  );
});
