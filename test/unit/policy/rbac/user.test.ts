import assert from "node:assert/strict";
import { test } from "node:test";
import type { Bearer } from "../../../../src/policy/decision.ts";
import type { IssuerTrust } from "../../../../src/policy/rbac/user.ts";
import { userOf } from "../../../../src/policy/rbac/user.ts";
import { bearerOf } from "../../../support/bearer.ts";

interface Case {
  readonly name: string;
  readonly bearer?: Partial<Bearer>;
  readonly trust?: Partial<IssuerTrust>;
  readonly user: string;
  readonly groups?: readonly string[];
}

const NO_TRUST: IssuerTrust = {
  trustUsernames: false,
  kubernetes: false,
  usernamePrefix: "",
  groupsPrefix: "",
  foreign: ["https://other:"],
};
const APP = "system:serviceaccount:prod:app";
const kubernetes = { kubernetes: true };
const trusted = { trustUsernames: true };

const cases: readonly Case[] = [
  { name: "issuer and subject", user: "https://idp:u-1" },
  { name: "the username of an issuer that is trusted with it", trust: trusted, user: "ada" },
  {
    name: "groups that are claimed",
    bearer: { groups: ["ops", "dev"] },
    user: "https://idp:u-1",
    groups: ["ops", "dev"],
  },
  { name: "a group twice", bearer: { groups: ["ops", "ops"] }, user: "https://idp:u-1", groups: ["ops"] },
  {
    name: "groups that only Kubernetes gives",
    bearer: { groups: ["system:masters", "ops", "system:serviceaccounts"] },
    user: "https://idp:u-1",
    groups: ["ops"],
  },
  { name: "a service account's name as subject", bearer: { subject: APP }, user: `https://idp:${APP}` },
  {
    name: "a service account's name as username",
    bearer: { username: APP },
    trust: trusted,
    user: "https://idp:u-1",
  },
  {
    name: "system:admin as username",
    bearer: { username: "system:admin" },
    trust: trusted,
    user: "https://idp:u-1",
  },
  {
    name: "an issuer that is called system",
    bearer: { issuer: "system", subject: "serviceaccount:prod:app" },
    user: "",
  },
  {
    name: "the same, trusted with usernames",
    bearer: { issuer: "system", subject: "serviceaccount:prod:app", username: APP },
    trust: trusted,
    user: "",
  },
  {
    name: "a service account of a Kubernetes issuer",
    bearer: { subject: APP },
    trust: kubernetes,
    user: APP,
    groups: ["system:serviceaccounts", "system:serviceaccounts:prod"],
  },
  {
    name: "groups that a Kubernetes issuer says",
    bearer: { subject: APP, groups: ["system:nodes"] },
    trust: kubernetes,
    user: APP,
    groups: ["system:nodes", "system:serviceaccounts", "system:serviceaccounts:prod"],
  },
  { name: "a Kubernetes issuer's user", trust: { ...kubernetes, ...trusted }, user: "ada" },
  {
    name: "names and groups of an issuer with prefixes",
    bearer: { groups: ["ops"] },
    trust: { ...trusted, usernamePrefix: "corp:", groupsPrefix: "corp-" },
    user: "corp:ada",
    groups: ["corp-ops"],
  },
  {
    name: "prefixes that would make names of Kubernetes' own",
    bearer: { groups: ["masters"] },
    trust: { ...trusted, usernamePrefix: "system:", groupsPrefix: "system:" },
    user: "https://idp:u-1",
  },
  {
    name: "attack 9: the name of another issuer's identity as username",
    bearer: { username: "https://other:u-2" },
    trust: trusted,
    user: "https://idp:u-1",
  },
  {
    name: "a service account without a name",
    bearer: { subject: "system:serviceaccount:prod:" },
    trust: kubernetes,
    user: "https://idp:system:serviceaccount:prod:",
  },
  {
    name: "a service account with a colon in its name",
    bearer: { subject: "system:serviceaccount:prod:a:b" },
    trust: kubernetes,
    user: "https://idp:system:serviceaccount:prod:a:b",
  },
];

for (const { name, bearer, trust, user, groups = [] } of cases) {
  test(`the user of an identity: ${name}`, () => {
    const identity = bearerOf({}, { issuer: "https://idp", subject: "u-1", username: "ada", ...bearer });
    const made = userOf(identity, { ...NO_TRUST, ...trust });
    assert.deepEqual(made, { name: user, groups: [...groups, "system:authenticated"] });
  });
}

test("who showed no credential is anonymous, whatever the rest says", () => {
  const nobody = bearerOf({}, { proof: "none", groups: ["ops"], username: "ada" });
  assert.deepEqual(userOf(nobody, { ...NO_TRUST, trustUsernames: true, kubernetes: true }), {
    name: "system:anonymous",
    groups: ["system:unauthenticated"],
  });
});
