import assert from "node:assert/strict";
import type { Admission } from "../../src/access/admission.ts";
import { Access } from "../../src/access/admit.ts";
import { Attempts } from "../../src/access/attempts.ts";
import { type Clock, systemClock } from "../../src/base/clock.ts";
import { newSessionId, parseDatabaseName, parseRoleName } from "../../src/base/ids.ts";
import { Secret } from "../../src/base/secret.ts";
import { type ClusterConfig, configSchema } from "../../src/config/schema.ts";
import { sealIdentity } from "../../src/identity/identity.ts";
import type { Verifier } from "../../src/identity/verifier.ts";
import { Sessions } from "../../src/sessions/registry.ts";
import { withoutPolicy } from "./bearer.ts";

/** A cluster as the configuration would make it. */
export function clusterOf(settings: Record<string, unknown>): ClusterConfig {
  const config = configSchema.parse({
    issuers: [{ name: "test", keys: { secret: "0123456789abcdef0123456789abcdef" } }],
    clusters: [{ name: "main", ...settings }],
  });
  const [cluster] = config.clusters;
  assert.ok(cluster);
  return cluster;
}

/** Takes any token for the username that it spells; the one role it names is that name too. */
export const trustingVerifier: Verifier = {
  verify: async (token) => ({
    kind: "identity",
    identity: sealIdentity({
      issuer: "test",
      subject: token.reveal(),
      username: token.reveal(),
      groups: [],
      claims: { sub: token.reveal() },
      expiresAt: Number.MAX_SAFE_INTEGER,
      takenUntil: Number.MAX_SAFE_INTEGER,
      proof: { issuer: "test", keyThumbprint: "test", algorithm: "HS256" },
    }),
  }),
  trusts: () => true,
  onKeysChanged: () => () => {},
  start: async () => [],
  ready: () => true,
  close: () => {},
};

interface Asking {
  readonly role: string;
  readonly database?: string;
  readonly replication?: boolean;
  readonly clock?: Clock;
}

/** A real admission of `role` to `cluster`. */
export async function admissionTo(cluster: ClusterConfig, asking: Asking): Promise<Admission> {
  const role = parseRoleName(asking.role);
  const database = parseDatabaseName(asking.database ?? "postgres");
  assert.ok(role !== undefined && database !== undefined);
  const clock = asking.clock ?? systemClock;
  const { limits } = configSchema.parse({
    issuers: [{ name: "test", keys: { secret: "0123456789abcdef0123456789abcdef" } }],
    clusters: [{ name: "main", hosts: [{ host: "unused" }], login: { method: "trust" } }],
  });
  const access = new Access({
    ...withoutPolicy,
    verifier: trustingVerifier,
    sessions: new Sessions(clock),
    attempts: new Attempts(clock),
    limits,
    clock,
    observe: () => {},
  });
  const peer = { address: "192.0.2.1", port: 1024, tls: true };
  const replication = asking.replication ?? false;
  const outcome = await access.admit(
    { kind: "token", token: new Secret(asking.role) },
    { cluster, database, role, door: "postgres", peer, replication },
    newSessionId(),
  );
  assert.equal(outcome.kind, "admitted");
  assert.ok("admission" in outcome);
  return outcome.admission;
}
