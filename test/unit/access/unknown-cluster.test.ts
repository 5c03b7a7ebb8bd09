import assert from "node:assert/strict";
import { test } from "node:test";
import { Access } from "../../../src/access/admit.ts";
import { Attempts } from "../../../src/access/attempts.ts";
import { newSessionId, parseDatabaseName, parseRoleName } from "../../../src/base/ids.ts";
import { Secret } from "../../../src/base/secret.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { mintToken } from "../../../src/identity/mint.ts";
import { createVerifier } from "../../../src/identity/token-verifier.ts";
import { Sessions } from "../../../src/sessions/registry.ts";
import { withoutPolicy } from "../../support/bearer.ts";
import { VirtualClock } from "../../support/clock.ts";
import { keyPair } from "../../support/issuer.ts";

const clock = new VirtualClock();
const ours = keyPair("EdDSA", "first");
const theirs = keyPair("EdDSA", "second");
const { issuers, clusters, limits } = configSchema.parse({
  issuers: [
    { name: "ours", issuer: "https://ours.test", keys: { pem: [ours.publicPem] } },
    { name: "theirs", issuer: "https://theirs.test", keys: { pem: [theirs.publicPem] } },
  ],
  clusters: [
    {
      name: "secret",
      hosts: [{ host: "unused" }],
      login: { method: "trust" },
      decide: { mode: "token", issuers: ["theirs"] },
    },
  ],
});

function admission() {
  const observe = () => {};
  const parts = { clock, observe, sessions: new Sessions(clock), attempts: new Attempts(clock) };
  const access = new Access({ ...withoutPolicy, ...parts, limits, verifier: createVerifier(issuers, parts) });
  const role = parseRoleName("ada");
  const database = parseDatabaseName("shop");
  assert.ok(role !== undefined && database !== undefined);
  const peer = { address: "192.0.2.1", port: 1024, tls: true };
  return (token: string, cluster: (typeof clusters)[number] | undefined) =>
    access.admit(
      { kind: "token", token: new Secret(token) },
      { cluster, database, role, door: "postgres", peer, replication: false },
      newSessionId(),
    );
}

const now = clock.now() / 1000;
const token = (iss: string, exp: number) => mintToken(ours.privatePem, { iss, sub: "ada", exp });

for (const [what, presented] of [
  ["a good token of an issuer that it does not trust", token("https://ours.test", now + 60)],
  ["an expired token of an issuer that it does not trust", token("https://ours.test", now - 60)],
  ["a token of an issuer that nobody trusts", token("https://nobody.test", now + 60)],
  ["no token", "nonsense"],
] as const) {
  test(`with ${what} a cluster looks like one that does not exist`, async () => {
    const admit = admission();
    const existing = await admit(presented, clusters[0]);
    const absent = await admit(presented, undefined);
    assert.ok(existing.kind === "denied" && absent.kind === "denied");
    assert.deepEqual(existing.spec, absent.spec);
  });
}

test("the log says that the cluster does not trust the issuer", async () => {
  const denied = await admission()(token("https://ours.test", now + 60), clusters[0]);
  assert.ok(denied.kind === "denied");
  assert.equal(denied.code, "policy/issuer");
  assert.match(denied.detail, /does not trust that issuer/);
});
