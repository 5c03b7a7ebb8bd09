import assert from "node:assert/strict";
import { test } from "node:test";
import { mintToken } from "../../../src/identity/mint.ts";
import { keyPair, Proving } from "../../support/issuer.ts";

const pair = keyPair("EdDSA");
const keys = { pem: [pair.publicPem] };
const seconds = new Proving({ keys }).clock.now() / 1000;

type Settings = { readonly [setting: string]: unknown };
type Claims = Parameters<Proving["token"]>[1];

const accepted: readonly (readonly [string, Settings, Claims])[] = [
  ["exp is a fraction", {}, { exp: seconds + 0.5 }],
  ["exp is in the year 9999", {}, { exp: 253_402_300_799 }],
  ["nbf is within the leeway", {}, { nbf: seconds + 30 }],
  ["iat is within the leeway", {}, { iat: seconds + 30 }],
  ["aud is one of several wanted", { audience: ["db", "postgres"] }, { aud: "postgres" }],
  ["aud is a list with one that is wanted", { audience: ["db"] }, { aud: ["mail", "db"] }],
  ["no audience is wanted and aud is there", {}, { aud: "anything" }],
  ["aud is missing and may be", { audience: ["db"], requireAudience: false }, {}],
  ["aud is null and may be missing", { audience: ["db"], requireAudience: false }, { aud: null }],
  ["aud is empty and may be missing", { audience: ["db"], requireAudience: false }, { aud: [] }],
  ["sub is missing and may be", { requireSubject: false }, { sub: undefined }],
  ["there are claims of every shape", {}, { a: null, b: [1, { c: [] }], d: { e: "f" } }],
  ["sub has quotes, colons and letters of all scripts", {}, { sub: `"o'hara":é😀` }],
];
for (const [what, settings, claims] of accepted) {
  test(`a token is accepted when ${what}`, async () => {
    const proving = new Proving({ keys, ...settings });
    const verified = await proving.verify(proving.token(pair, claims));
    assert.equal(verified.kind, "identity");
  });
}

const refused: readonly (readonly [string, string, Settings, Claims])[] = [
  ["exp is now", "identity/expired", {}, { exp: seconds }],
  ["exp is past by less than the leeway", "identity/expired", { leeway: "1h" }, { exp: seconds - 1 }],
  ["nbf is beyond the leeway", "identity/not-yet-valid", {}, { nbf: seconds + 31 }],
  ["nbf is ahead and there is no leeway", "identity/not-yet-valid", { leeway: "0s" }, { nbf: seconds + 1 }],
  ["the username's claim is missing", "identity/claims", { usernameClaim: "$.email" }, {}],
  ["the username is a list", "identity/claims", { usernameClaim: "$.names" }, { names: ["ann"] }],
  ["the username is two", "identity/claims", { usernameClaim: "$.names[*]" }, { names: ["ann", "bob"] }],
  [
    "the e-mail that names people was not verified",
    "identity/claims",
    { usernameClaim: "$.email" },
    { email: "ann@example.test", email_verified: false },
  ],
  [
    "aud is for another service although it may be missing",
    "identity/audience",
    { audience: ["db"], requireAudience: false },
    { aud: ["mail"] },
  ],
  ["sub is missing", "identity/claims", {}, { sub: undefined }],
  ["sub is empty", "identity/claims", {}, { sub: "" }],
  ["sub is empty although it may be missing", "identity/claims", { requireSubject: false }, { sub: "" }],
  ["sub is a number although it may be missing", "identity/claims", { requireSubject: false }, { sub: 5 }],
  ["a group is no text", "identity/claims", { groupsClaim: "$.groups" }, { groups: ["a", 1] }],
  ["a group has a NUL", "identity/claims", { groupsClaim: "$.groups" }, { groups: ["a\0b"] }],
  [
    "there are 1,001 groups",
    "identity/claims",
    { groupsClaim: "$.groups" },
    { groups: Array(1001).fill("g") },
  ],
];
for (const [what, code, settings, claims] of refused) {
  test(`a token is refused with ${code} when ${what}`, async () => {
    const proving = new Proving({ keys, ...settings });
    assert.equal(await proving.outcome(proving.token(pair, claims)), code);
  });
}

const types: readonly (readonly [string, string, boolean])[] = [
  ["at+jwt", "at+jwt", true],
  ["at+jwt", "AT+JWT", true],
  ["at+jwt", "application/at+jwt", true],
  ["application/at+jwt", "at+jwt", true],
  ["at+jwt", "JWT", false],
  ["at+jwt", "", false],
  ["JWT", "dpop+jwt", false],
];
for (const [requiredType, type, fits] of types) {
  test(`where ${requiredType} is required, the type "${type}" is ${fits ? "accepted" : "refused"}`, async () => {
    const proving = new Proving({ keys, requiredType });
    const token = mintToken(pair.privatePem, { sub: "ann", exp: seconds + 60 }, { type });
    assert.equal(await proving.outcome(token), fits ? "test:ann" : "identity/type");
  });
}

const groupings: readonly (readonly [string, Claims, readonly string[]])[] = [
  ["$.groups", { groups: ["a", "b"] }, ["a", "b"]],
  ["$.groups", { groups: "a" }, ["a"]],
  ["$.groups", { groups: [] }, []],
  ["$.groups", {}, []],
  ["$.groups[*].name", { groups: [{ name: "a" }, { name: "b" }] }, ["a", "b"]],
  ["$['https://x.test/groups']", { "https://x.test/groups": ["a"] }, ["a"]],
];
for (const [groupsClaim, claims, groups] of groupings) {
  test(`groups at ${groupsClaim} of ${JSON.stringify(claims)} are ${JSON.stringify(groups)}`, async () => {
    const proving = new Proving({ keys, groupsClaim, usernameClaim: "$.name" });
    const verified = await proving.verify(proving.token(pair, { ...claims, name: "Ann" }));
    assert.equal(verified.kind, "identity");
    assert.deepEqual(verified.identity.groups, groups);
    assert.equal(verified.identity.username, "Ann");
    assert.equal(verified.identity.subject, "ann");
  });
}
