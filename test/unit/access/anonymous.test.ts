import assert from "node:assert/strict";
import { test } from "node:test";
import { Access } from "../../../src/access/admit.ts";
import { Attempts } from "../../../src/access/attempts.ts";
import type { DatabaseName, RoleName } from "../../../src/base/ids.ts";
import { newSessionId } from "../../../src/base/ids.ts";
import { Secret } from "../../../src/base/secret.ts";
import { type ClusterConfig, configSchema } from "../../../src/config/schema.ts";
import { anonymous } from "../../../src/identity/anonymous.ts";
import { Identity } from "../../../src/identity/identity.ts";
import { mintToken } from "../../../src/identity/mint.ts";
import { createVerifier } from "../../../src/identity/token-verifier.ts";
import { Sessions } from "../../../src/sessions/registry.ts";
import { withoutPolicy } from "../../support/bearer.ts";
import { VirtualClock } from "../../support/clock.ts";
import { testFeature } from "../../support/feature.ts";
import { keyPair } from "../../support/issuer.ts";

const keys = keyPair("EdDSA", "first");
const clock = new VirtualClock();
const observe = () => {};
const peer = { address: "192.0.2.1", port: 1024, tls: true };

function configured(decide: object) {
  const { issuers, clusters, limits } = configSchema.parse({
    issuers: [{ name: "ours", keys: { pem: [keys.publicPem] } }],
    clusters: [
      {
        name: "main",
        hosts: [{ host: "unused" }],
        login: { method: "trust" },
        decide: { mode: "token", roleClaim: "$.roles", ...decide },
      },
    ],
    limits: { failedLoginsPerAddress: 1 },
  });
  const [cluster] = clusters;
  assert.ok(cluster);
  return { issuers, cluster, limits };
}

function accessFor(decide: object) {
  const { issuers, cluster, limits } = configured(decide);
  const parts = { clock, observe, sessions: new Sessions(clock), attempts: new Attempts(clock) };
  const access = new Access({ ...withoutPolicy, ...parts, limits, verifier: createVerifier(issuers, parts) });
  const wish = (at: ClusterConfig = cluster) =>
    ({
      cluster: at,
      database: "shop" as DatabaseName,
      role: undefined,
      door: "rest",
      peer,
      replication: false,
    }) as const;
  const bearing = (claims: Record<string, unknown>) => {
    const exp = Math.floor(clock.now() / 1000) + 60;
    const token = mintToken(keys.privatePem, { sub: "ada", exp, ...claims });
    return access.admit({ kind: "token", token: new Secret(token) }, wish(), newSessionId());
  };
  const nobody = () => access.admit({ kind: "anonymous" }, wish(), newSessionId());
  return { access, cluster, wish, bearing, nobody };
}

testFeature(
  { feature: "auth.anonymous" },
  "without a token a request has the anonymous role, and never ends by itself",
  async () => {
    const { nobody } = accessFor({ anonymousRole: "anon" });
    const outcome = await nobody();
    assert.ok(outcome.kind === "admitted");
    const { role, identity, session } = outcome.admission;
    assert.equal(role, "anon");
    assert.equal(identity, anonymous);
    assert.ok(Identity.is(identity));
    assert.equal(session.facts.until, undefined);
    assert.equal(session.facts.rule, "anonymous");
  },
);

test("without a token and without an anonymous role a request is refused", async () => {
  const outcome = await accessFor({}).nobody();
  assert.ok(outcome.kind === "denied");
  assert.deepEqual([outcome.code, outcome.spec.http], ["policy/anonymous", 401]);
});

testFeature(
  { feature: "auth.no-role-claim" },
  "a token that names no role is no worse than none",
  async () => {
    const { bearing } = accessFor({ anonymousRole: "anon" });
    const outcome = await bearing({});
    assert.ok(outcome.kind === "admitted");
    assert.equal(outcome.admission.role, "anon");
    assert.equal(outcome.admission.identity.subject, "ada");
  },
);

testFeature(
  { feature: "auth.bad-token" },
  "a bad token is refused although there is an anonymous role",
  async () => {
    const { access, wish } = accessFor({ anonymousRole: "anon" });
    const credential = { kind: "token", token: new Secret("nonsense") } as const;
    const outcome = await access.admit(credential, wish(), newSessionId());
    assert.ok(outcome.kind === "denied");
    assert.equal(outcome.code, "identity/malformed");
  },
);

test("failed logins of an address do not stop its anonymous requests", async () => {
  const { access, wish, nobody } = accessFor({ anonymousRole: "anon" });
  const credential = { kind: "token", token: new Secret("nonsense") } as const;
  await access.admit(credential, wish(), newSessionId());
  const blocked = await access.admit(credential, wish(), newSessionId());
  assert.ok(blocked.kind === "denied" && blocked.code === "access/too-many-failures");
  assert.equal((await nobody()).kind, "admitted");
});

test("the wire door admits nobody without a credential", async () => {
  const { access, cluster } = accessFor({ anonymousRole: "anon" });
  const asked = {
    cluster,
    database: "shop" as DatabaseName,
    role: "anon" as RoleName,
    peer,
    replication: false,
  };
  const outcome = await access.admit({ kind: "anonymous" }, { ...asked, door: "postgres" }, newSessionId());
  assert.ok(outcome.kind === "denied");
  assert.equal(outcome.code, "identity/malformed");
});

test("an anonymous session is upheld while policy gives it the same role", async () => {
  const { access, cluster, nobody } = accessFor({ anonymousRole: "anon" });
  const outcome = await nobody();
  assert.ok(outcome.kind === "admitted");
  const { facts } = outcome.admission.session;
  assert.equal(access.upholds(facts, [cluster]), true);
  assert.equal(access.upholds(facts, [configured({ anonymousRole: "other" }).cluster]), false);
  assert.equal(access.upholds(facts, [configured({}).cluster]), false);
  assert.equal(access.upholds(facts, []), false);
});

test("a REST session by token ends when policy would choose another role for it", async () => {
  const { access, cluster, bearing } = accessFor({});
  const outcome = await bearing({ roles: ["b", "a"] });
  assert.ok(outcome.kind === "admitted");
  const { facts } = outcome.admission.session;
  assert.equal(facts.role, "b");
  assert.equal(access.upholds(facts, [cluster]), true);
  assert.equal(access.upholds(facts, [configured({ roleClaim: "$.roles[1]" }).cluster]), false);
  assert.equal(access.upholds(facts, [configured({ issuers: ["another"] }).cluster]), false);
});

test("explaining shows the role that a request would get", async () => {
  const { access, wish } = accessFor({ anonymousRole: "anon" });
  const explained = await access.explain({ kind: "anonymous" }, wish());
  assert.deepEqual([explained.allowed, explained.role, explained.code], [true, "anon", undefined]);
  assert.deepEqual(
    explained.steps.map(({ check }) => check),
    ["credential", "role claim", "role", "database"],
  );
});
