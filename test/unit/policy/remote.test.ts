import assert from "node:assert/strict";
import { test } from "node:test";
import type { DatabaseName, RoleName } from "../../../src/base/ids.ts";
import { noTrace } from "../../../src/base/trace.ts";
import { clusterSchema } from "../../../src/config/schema.ts";
import { decide } from "../../../src/policy/decide.ts";
import type { Wish } from "../../../src/policy/decision.ts";
import { bearerOf, noPolicy } from "../../support/bearer.ts";

const GRANTS = [
  { role: "ada", expires_at: 1000 },
  { role: "pg_monitor", expires_at: null },
];

interface Case {
  readonly name: string;
  readonly grants?: unknown;
  /** None: a request of the REST door that names none. */
  readonly role?: string | undefined;
  readonly database?: string;
  readonly replication?: boolean;
  readonly decide?: Readonly<Record<string, unknown>>;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly wanted: string;
}

const cases: readonly Case[] = [
  { name: "the role that the API grants", wanted: "ada until 1000" },
  { name: "a role that the API does not grant", role: "ben", wanted: "policy/role" },
  { name: "the role in another case", role: "Ada", wanted: "policy/role" },
  { name: "a look-alike of the role", role: "аda", wanted: "policy/role" },
  { name: "a role of an answer without roles", grants: [], wanted: "policy/role" },
  { name: "a role of claims that are none of an API's", grants: ["ada"], wanted: "policy/role" },
  {
    name: "a role that is granted twice, by the later end",
    grants: [...GRANTS, { role: "ada", expires_at: 2000 }],
    wanted: "ada until 2000",
  },
  { name: "a predefined role", role: "pg_monitor", wanted: "policy/privileged-role" },
  {
    name: "a predefined role that is named in privilegedRoles",
    role: "pg_monitor",
    cluster: { privilegedRoles: ["pg_monitor"] },
    wanted: "pg_monitor until undefined",
  },
  { name: "replication", replication: true, wanted: "policy/replication" },
  { name: "a database that is not listed", decide: { databases: ["other"] }, wanted: "policy/database" },
  { name: "a database that is listed", decide: { databases: ["shop"] }, wanted: "ada until 1000" },
  { name: "no role, without restRole", role: undefined, wanted: "policy/role" },
  { name: "no role, with restRole", role: undefined, decide: { restRole: "ada" }, wanted: "ada until 1000" },
];

for (const { name, wanted, ...asked } of cases)
  test(`remote mode, ${name}: ${wanted}`, () => {
    const { grants = GRANTS, replication = false } = asked;
    const cluster = clusterSchema.parse({
      name: "main",
      hosts: [{ host: "unused" }],
      login: { method: "trust" },
      decide: { mode: "remote", url: "https://api.test/jit/authorize", ...asked.decide },
      ...asked.cluster,
    });
    const role = "role" in asked ? asked.role : "ada";
    const peer = { address: "192.0.2.1", port: 1, tls: true };
    const database = "shop" as DatabaseName;
    const wish: Wish =
      role === undefined
        ? { cluster, database, peer, replication, door: "rest", role }
        : { cluster, database, peer, replication, door: "postgres", role: role as RoleName };
    const decision = decide(bearerOf({ user_roles: grants as never }), wish, noTrace, noPolicy);
    const got = decision.kind === "permit" ? `${decision.role} until ${decision.until}` : decision.code;
    assert.equal(got, wanted);
  });
