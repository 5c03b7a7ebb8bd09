import assert from "node:assert/strict";
import { test } from "node:test";
import type { DatabaseName, RoleName } from "../../../src/base/ids.ts";
import type { Step } from "../../../src/base/trace.ts";
import { clusterSchema } from "../../../src/config/schema.ts";
import { decide } from "../../../src/policy/decide.ts";
import type { Wish } from "../../../src/policy/decision.ts";
import { bearerOf, noPolicy } from "../../support/bearer.ts";

const LONG = "r".repeat(64);

interface Case {
  readonly name: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly role?: string;
  readonly database?: string;
  readonly replication?: boolean;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly wanted: string;
}

const cases: readonly Case[] = [
  { name: "the role that sub names", claims: { sub: "ada" }, role: "ada", wanted: "permit" },
  { name: "another role than sub names", claims: { sub: "ada" }, role: "bob", wanted: "policy/role" },
  { name: "the role in another case", claims: { sub: "ada" }, role: "Ada", wanted: "policy/role" },
  { name: "a look-alike of the role", claims: { sub: "аda" }, role: "ada", wanted: "policy/role" },
  { name: "no claim", claims: {}, role: "ada", wanted: "policy/role-claim" },
  { name: "a claim that is a number", claims: { sub: 5 }, role: "5", wanted: "policy/role-claim" },
  { name: "a claim that is null", claims: { sub: null }, role: "ada", wanted: "policy/role-claim" },
  { name: "an empty claim", claims: { sub: "" }, role: "ada", wanted: "policy/role-claim" },
  { name: "a name of 64 bytes", claims: { sub: LONG }, role: LONG.slice(1), wanted: "policy/role-claim" },
  { name: "a name with NUL", claims: { sub: "ada\0" }, role: "ada", wanted: "policy/role-claim" },
  {
    name: "one of a list",
    claims: { roles: ["a", "b"] },
    role: "b",
    cluster: { decide: { mode: "token", roleClaim: ".roles" } },
    wanted: "permit",
  },
  {
    name: "none of a list",
    claims: { roles: ["a", "b"] },
    role: "c",
    cluster: { decide: { mode: "token", roleClaim: ".roles" } },
    wanted: "policy/role",
  },
  {
    name: "an empty list",
    claims: { roles: [] },
    role: "c",
    cluster: { decide: { mode: "token", roleClaim: ".roles" } },
    wanted: "policy/role-claim",
  },
  {
    name: "a list with a number",
    claims: { roles: ["a", 1] },
    role: "a",
    cluster: { decide: { mode: "token", roleClaim: ".roles" } },
    wanted: "policy/role-claim",
  },
  {
    name: "a nested path",
    claims: { realm: { roles: ["a"] } },
    role: "a",
    cluster: { decide: { mode: "token", roleClaim: "$.realm.roles" } },
    wanted: "permit",
  },
  {
    name: "a name with a dot in brackets",
    claims: { "https://x/role": "a" },
    role: "a",
    cluster: { decide: { mode: "token", roleClaim: "$['https://x/role']" } },
    wanted: "permit",
  },
  {
    name: "a filter",
    claims: { roles: [{ db: "shop", name: "a" }] },
    role: "a",
    cluster: { decide: { mode: "token", roleClaim: "$.roles[?@.db=='shop'].name" } },
    wanted: "permit",
  },
  {
    name: "a mapped value",
    claims: { sub: "ada@x" },
    role: "analyst",
    cluster: { decide: { mode: "token", roleMapping: { "ada@x": ["analyst"] } } },
    wanted: "permit",
  },
  {
    name: "a value without a mapping",
    claims: { sub: "bob" },
    role: "bob",
    cluster: { decide: { mode: "token", roleMapping: { "ada@x": ["analyst"] } } },
    wanted: "policy/role-claim",
  },
  {
    name: "a value that every object has",
    claims: { sub: "constructor" },
    role: "constructor",
    cluster: { decide: { mode: "token", roleMapping: { ada: ["a"] } } },
    wanted: "policy/role-claim",
  },
  {
    name: "a path that every object has",
    claims: {},
    role: "a",
    cluster: { decide: { mode: "token", roleClaim: "$.constructor.name" } },
    wanted: "policy/role-claim",
  },
  {
    name: "a database that is listed",
    claims: { sub: "ada" },
    role: "ada",
    database: "shop",
    cluster: { decide: { mode: "token", databases: ["shop"] } },
    wanted: "permit",
  },
  {
    name: "a database that is not listed",
    claims: { sub: "ada" },
    role: "ada",
    database: "hr",
    cluster: { decide: { mode: "token", databases: ["shop"] } },
    wanted: "policy/database",
  },
  {
    name: "a predefined role",
    claims: { sub: "pg_monitor" },
    role: "pg_monitor",
    wanted: "policy/privileged-role",
  },
  {
    name: "a predefined role in capitals",
    claims: { sub: "PG_monitor" },
    role: "PG_monitor",
    wanted: "policy/privileged-role",
  },
  {
    name: "a predefined role that is named outright",
    claims: { sub: "pg_monitor" },
    role: "pg_monitor",
    cluster: { privilegedRoles: ["pg_monitor"] },
    wanted: "permit",
  },
  {
    name: "replication",
    claims: { sub: "ada" },
    role: "ada",
    replication: true,
    wanted: "policy/replication",
  },
  {
    name: "replication with permission",
    claims: { sub: "ada" },
    role: "ada",
    replication: true,
    cluster: { replicationRoles: ["ada"] },
    wanted: "permit",
  },
];

for (const {
  name,
  claims,
  role = "ada",
  database = "shop",
  replication = false,
  cluster = {},
  wanted,
} of cases) {
  test(`attack 12: token mode, ${name}: ${wanted}`, () => {
    const wish: Wish = {
      cluster: clusterSchema.parse({
        name: "main",
        hosts: [{ host: "db" }],
        login: { method: "trust" },
        ...cluster,
      }),
      database: database as DatabaseName,
      role: role as RoleName,
      door: "postgres",
      peer: { address: "127.0.0.1", port: 1, tls: true },
      replication,
    };
    const steps: Step[] = [];
    const decision = decide(bearerOf(claims), wish, (step) => steps.push(step), noPolicy);
    assert.equal(decision.kind === "permit" ? "permit" : decision.code, wanted);
    // What is explained agrees with what is decided: the last step failed, or none did.
    assert.equal(steps.at(-1)?.passed, decision.kind === "permit");
    assert.ok(steps.slice(0, -1).every((step) => step.passed));
  });
}

test("a cluster that does not exist is denied in the words of a forbidden database", () => {
  const wish = {
    cluster: undefined,
    database: "x" as DatabaseName,
    role: "ada" as RoleName,
    door: "postgres",
    replication: false,
  } as const;
  const decision = decide(
    bearerOf({ sub: "ada" }),
    { ...wish, peer: { address: "::1", port: 1, tls: true } },
    () => {},
    noPolicy,
  );
  assert.ok(decision.kind === "deny" && decision.code === "policy/cluster");
});
