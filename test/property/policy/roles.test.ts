import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DatabaseName, RoleName } from "../../../src/base/ids.ts";
import { parseRoleName } from "../../../src/base/ids.ts";
import { clusterSchema } from "../../../src/config/schema.ts";
import { decide } from "../../../src/policy/decide.ts";
import { bearerOf, noPolicy } from "../../support/bearer.ts";

const role = fc.stringMatching(/^[a-z]{1,3}$/);
const wild = fc.oneof(role, fc.string(), fc.integer(), fc.constant(null), fc.array(role, { maxLength: 3 }));
const claimSet = fc.oneof(
  fc.record({ roles: wild }, { requiredKeys: [] }),
  fc.record({ roles: fc.array(wild, { maxLength: 4 }) }),
);

function decided(claims: Record<string, unknown>, settings: object, asked: string | undefined) {
  const cluster = clusterSchema.parse({
    name: "main",
    hosts: [{ host: "db" }],
    login: { method: "trust" },
    decide: { mode: "token", roleClaim: "$.roles", ...settings },
  });
  const wish = {
    cluster,
    database: "shop" as DatabaseName,
    peer: { address: "::1", port: 1, tls: true },
    replication: false,
  };
  return decide(
    bearerOf(claims),
    { ...wish, door: "rest", role: asked as RoleName | undefined },
    () => {},
    noPolicy,
  );
}

/** Every role that the claims name in so many words. */
function named({ roles }: { readonly roles?: unknown }): unknown[] {
  return Array.isArray(roles) ? roles : roles === undefined ? [] : [roles];
}

test("whatever the claims are, a permitted role is one that they name, or the anonymous one if they name none", () => {
  fc.assert(
    fc.property(
      claimSet,
      fc.option(role, { nil: undefined }),
      fc.option(role, { nil: undefined }),
      (claims, anon, asked) => {
        const decision = decided(claims, anon === undefined ? {} : { anonymousRole: anon }, asked);
        if (decision.kind === "deny") return;
        const names = named(claims);
        assert.equal(parseRoleName(decision.role), decision.role);
        if (names.length > 0) assert.ok(names.includes(decision.role));
        else assert.equal(decision.role, anon);
        if (asked !== undefined) assert.equal(decision.role, asked);
        else if (names.length > 0) assert.equal(decision.role, names[0]);
      },
    ),
  );
});

test("asking for the role that one gets anyway changes nothing", () => {
  fc.assert(
    fc.property(claimSet, (claims) => {
      const free = decided(claims, { anonymousRole: "anon" }, undefined);
      if (free.kind === "permit")
        assert.deepEqual(decided(claims, { anonymousRole: "anon" }, free.role), free);
    }),
  );
});

test("an anonymous role adds nothing for whoever has a role of their own", () => {
  fc.assert(
    fc.property(claimSet, role, (claims, asked) => {
      const without = decided(claims, {}, asked);
      const having = decided(claims, { anonymousRole: "zzzz" }, asked);
      if (named(claims).length > 0) assert.deepEqual(having, without);
    }),
  );
});
