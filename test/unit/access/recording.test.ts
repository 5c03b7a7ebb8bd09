import assert from "node:assert/strict";
import { test } from "node:test";
import { Access } from "../../../src/access/admit.ts";
import { Attempts } from "../../../src/access/attempts.ts";
import { AuditError } from "../../../src/audit/ledger/errors.ts";
import type { Recorder } from "../../../src/audit/ledger/ledger.ts";
import type { Event } from "../../../src/base/event.ts";
import { newSessionId, parseDatabaseName, parseRoleName } from "../../../src/base/ids.ts";
import { Secret } from "../../../src/base/secret.ts";
import { configSchema } from "../../../src/config/schema.ts";
import { Sessions } from "../../../src/sessions/registry.ts";
import { clusterOf, trustingVerifier } from "../../support/admission.ts";
import { withoutPolicy } from "../../support/bearer.ts";
import { VirtualClock } from "../../support/clock.ts";

const { limits } = configSchema.parse({
  clusters: [{ name: "main", hosts: [{ host: "unused" }], login: { method: "trust" } }],
});
const peer = { address: "192.0.2.1", port: 1024, tls: true };

function login(audit: "required" | "best-effort", recorder: Recorder | undefined) {
  const clock = new VirtualClock();
  const sessions = new Sessions(clock);
  const seen: Event[] = [];
  const access = new Access({
    ...withoutPolicy,
    verifier: trustingVerifier,
    sessions,
    attempts: new Attempts(clock),
    limits,
    clock,
    observe: (event) => seen.push(event),
    recorder,
  });
  const cluster = clusterOf({ hosts: [{ host: "unused" }], login: { method: "trust" }, audit });
  const role = parseRoleName("ada") ?? assert.fail();
  const database = parseDatabaseName("postgres") ?? assert.fail();
  const outcome = access.admit(
    { kind: "token", token: new Secret("ada") },
    { cluster, database, role, door: "postgres", peer, replication: false },
    newSessionId(),
  );
  return { outcome, seen, sessions, clock };
}

const failing: Recorder = {
  append: () => Promise.reject(new AuditError("audit/unwritable", "no space left on device")),
  offer: () => {},
};

for (const [what, recorder] of [
  ["the ledger cannot be written", failing],
  ["there is no ledger", undefined],
] as const)
  test(`nobody is admitted to a cluster that requires the ledger when ${what}`, async () => {
    const { outcome, seen, sessions } = login("required", recorder);
    const { kind, ...denied } = await outcome;
    assert.equal(kind, "denied");
    assert.ok("code" in denied);
    assert.deepEqual([denied.code, denied.spec.sqlstate], ["access/audit-unavailable", "58030"]);
    assert.deepEqual(
      seen.map(({ event }) => event),
      ["login.denied.v1"],
    );
    assert.equal(sessions.size, 0);
  });

test("nobody is admitted to a cluster that requires the ledger when it does not answer in time", async () => {
  const silent: Recorder = { append: () => new Promise(() => {}), offer: () => {} };
  const { outcome, clock, sessions } = login("required", silent);
  await new Promise(setImmediate);
  clock.advance(5000);
  const denied = await outcome;
  assert.ok(denied.kind === "denied");
  assert.equal(denied.code, "access/audit-unavailable");
  assert.equal(sessions.size, 0);
});

test("an admission waits until the ledger has it, and is observed after", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const appended: Event[] = [];
  const recorder: Recorder = {
    append: (event) => {
      appended.push(event);
      return promise;
    },
    offer: () => {},
  };
  const { outcome, seen } = login("required", recorder);
  await new Promise(setImmediate);
  assert.deepEqual([appended[0]?.event, seen.length], ["login.allowed.v1", 0]);
  resolve();
  assert.equal((await outcome).kind, "admitted");
  assert.equal(seen[0], appended[0]);
});

test("where best effort is enough, a ledger that cannot be written keeps nobody out", async () => {
  const { outcome } = login("best-effort", failing);
  assert.equal((await outcome).kind, "admitted");
});
