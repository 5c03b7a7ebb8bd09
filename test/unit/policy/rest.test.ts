import assert from "node:assert/strict";
import { test } from "node:test";
import type { DatabaseName, RoleName } from "../../../src/base/ids.ts";
import type { Step } from "../../../src/base/trace.ts";
import { clusterSchema } from "../../../src/config/schema.ts";
import { decide } from "../../../src/policy/decide.ts";
import { bearerOf, noPolicy } from "../../support/bearer.ts";
import { testFeature } from "../../support/feature.ts";

interface Case {
  readonly name: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly role?: string;
  readonly decide?: Readonly<Record<string, unknown>>;
  /** The role that is permitted, or the code of the denial. */
  readonly wanted: string;
}

const ANON = { anonymousRole: "anon" };
const LIST = { roleClaim: "$.roles" };

const cases: readonly Case[] = [
  { name: "the role that the claim names", claims: { sub: "ada" }, wanted: "ada" },
  { name: "the first of a list", claims: { roles: ["b", "a"] }, decide: LIST, wanted: "b" },
  {
    name: "one of a list that was asked for",
    claims: { roles: ["b", "a"] },
    role: "a",
    decide: LIST,
    wanted: "a",
  },
  { name: "another than was asked for", claims: { sub: "ada" }, role: "bob", wanted: "policy/role" },
  { name: "no claim and no anonymous role", claims: {}, wanted: "policy/anonymous" },
  { name: "no claim", claims: {}, decide: ANON, wanted: "anon" },
  { name: "an empty list", claims: { roles: [] }, decide: { ...LIST, ...ANON }, wanted: "anon" },
  { name: "the anonymous role, asked for", claims: {}, role: "anon", decide: ANON, wanted: "anon" },
  { name: "another role without a claim", claims: {}, role: "ada", decide: ANON, wanted: "policy/role" },
  {
    name: "the anonymous role with a claim",
    claims: { sub: "ada" },
    role: "anon",
    decide: ANON,
    wanted: "policy/role",
  },
  { name: "a claim of another kind", claims: { sub: 5 }, decide: ANON, wanted: "policy/role-claim" },
  { name: "a claim that is null", claims: { sub: null }, decide: ANON, wanted: "policy/role-claim" },
  {
    name: "a value without a mapping",
    claims: { sub: "bob" },
    decide: { ...ANON, roleMapping: { ada: ["a"] } },
    wanted: "policy/role-claim",
  },
  {
    name: "a database that is not listed",
    claims: {},
    decide: { ...ANON, databases: ["hr"] },
    wanted: "policy/database",
  },
  {
    name: "a predefined role as the anonymous one",
    claims: {},
    decide: { anonymousRole: "pg_monitor" },
    wanted: "policy/privileged-role",
  },
];

function decided({ claims, role, decide: settings }: Case, door: "rest" | "postgres") {
  const cluster = clusterSchema.parse({
    name: "main",
    hosts: [{ host: "db" }],
    login: { method: "trust" },
    decide: { mode: "token", ...settings },
  });
  const asked = {
    cluster,
    database: "shop" as DatabaseName,
    peer: { address: "127.0.0.1", port: 1, tls: true },
    replication: false,
  };
  const steps: Step[] = [];
  const wish =
    door === "rest"
      ? ({ ...asked, door, role: role as RoleName | undefined } as const)
      : ({ ...asked, door, role: (role ?? "anon") as RoleName } as const);
  return { decision: decide(bearerOf(claims), wish, (step) => steps.push(step), noPolicy), steps };
}

for (const one of cases) {
  testFeature({ feature: "auth.role-claim" }, `a request over HTTP, ${one.name}: ${one.wanted}`, () => {
    const { decision, steps } = decided(one, "rest");
    assert.equal(decision.kind === "permit" ? decision.role : decision.code, one.wanted);
    assert.equal(steps.at(-1)?.passed, decision.kind === "permit");
    assert.ok(steps.slice(0, -1).every((step) => step.passed));
  });
}

test("nobody is anonymous at the wire door", () => {
  const { decision } = decided({ name: "", claims: {}, decide: ANON, wanted: "" }, "postgres");
  assert.ok(decision.kind === "deny" && decision.code === "policy/role-claim");
});

test("the rule tells an anonymous permit from one by token", () => {
  const rules = [{}, { sub: "ada" }].map((claims) => {
    const { decision } = decided({ name: "", claims, decide: ANON, wanted: "" }, "rest");
    return decision.kind === "permit" ? decision.rule : decision.code;
  });
  assert.deepEqual(rules, ["anonymous", "token:$.sub"]);
});
