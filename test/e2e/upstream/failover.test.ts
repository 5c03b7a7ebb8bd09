import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clusterOf } from "../../support/admission.ts";
import { type DebianPair, debianPostgresMissing, startDebianPair } from "../../support/debian-postgres.ts";
import { ask, type TestUpstream, upstreamTo } from "../../support/upstream.ts";
import { once } from "../../support/upstream-suite.ts";

const options = { skip: debianPostgresMissing };
let pair: DebianPair;
const made: TestUpstream[] = [];

before(async () => {
  if (debianPostgresMissing === false) pair = await startDebianPair("CREATE ROLE app LOGIN");
});

after(async () => {
  for (const { upstream } of made) upstream.close();
  await pair?.stop();
});

function to(settings: Record<string, unknown>): TestUpstream {
  const upstream = upstreamTo(
    clusterOf({ tls: { mode: "disable" }, login: { method: "trust" }, connectTimeout: "3s", ...settings }),
  );
  made.push(upstream);
  return upstream;
}

const at = (...ports: number[]) => ports.map((port) => ({ host: "127.0.0.1", port }));
const PORT = "SHOW port";

type Attributes = "any" | "read-write" | "read-only" | "primary" | "standby" | "prefer-standby";

/** Which server a login gets, when the standby comes first and when the primary does. */
const expected: Readonly<Record<Attributes, readonly ["primary" | "standby", "primary" | "standby"]>> = {
  any: ["standby", "primary"],
  "read-write": ["primary", "primary"],
  "read-only": ["standby", "standby"],
  primary: ["primary", "primary"],
  standby: ["standby", "standby"],
  "prefer-standby": ["standby", "standby"],
};

for (const [targetSessionAttrs, [standbyFirst, primaryFirst]] of Object.entries(expected)) {
  test(`target_session_attrs=${targetSessionAttrs} chooses among primary and standby`, options, async () => {
    const { primary, standby } = pair;
    for (const [hosts, winner] of [
      [at(standby.port, primary.port), standbyFirst],
      [at(primary.port, standby.port), primaryFirst],
    ] as const) {
      const upstream = to({ hosts, targetSessionAttrs });
      // The second login knows what the first one learnt, and must come to the same end.
      for (const _ of [1, 2]) {
        assert.deepEqual(await once(upstream, "app", PORT), [[String(pair[winner].port)]]);
      }
    }
  });
}

test("a cluster without the wanted kind of server says so", options, async () => {
  const upstream = to({ hosts: at(pair.primary.port), targetSessionAttrs: "standby" });
  await assert.rejects(upstream.open("app"), { code: "upstream/no-suitable-host" });
  const preferring = to({ hosts: at(pair.primary.port), targetSessionAttrs: "prefer-standby" });
  assert.deepEqual(await once(preferring, "app", PORT), [[String(pair.primary.port)]]);
});

test("load_balance_hosts=random uses every host", options, async () => {
  const { primary, standby } = pair;
  const upstream = to({ hosts: at(primary.port, standby.port), loadBalanceHosts: "random" });
  const seen = new Set<string>();
  while (seen.size < 2) seen.add((await upstream.open("app").then(hostThenClose)) ?? "");
});

function hostThenClose(session: { readonly host: string; close(): void }): string {
  session.close();
  return session.host;
}

test("a host that does not answer is passed over, remembered as down, and reported", options, async () => {
  const dead = 1; // nobody listens there
  const upstream = to({ hosts: at(dead, pair.primary.port) });
  for (const _ of [1, 2]) {
    assert.deepEqual(await once(upstream, "app", PORT), [[String(pair.primary.port)]]);
  }
  assert.deepEqual(upstream.upstream.states(), [
    { cluster: "main", host: `127.0.0.1:${dead}`, up: false },
    { cluster: "main", host: `127.0.0.1:${pair.primary.port}`, up: true },
  ]);
  // Only the first login tried it.
  assert.deepEqual(
    upstream.events.map(({ event }) => event),
    ["upstream.failed.v1", "upstream.state.v1"],
  );
});

test(
  "after a failover the new primary is found without a restart, also by sessions' next logins",
  options,
  async () => {
    const { primary, standby } = pair;
    const upstream = to({ hosts: at(primary.port, standby.port), targetSessionAttrs: "primary" });
    const before = await upstream.open("app");
    assert.equal(before.host, `127.0.0.1:${primary.port}`);
    const running = assert.rejects(ask(before, "SELECT pg_sleep(60)"));
    await primary.kill();
    await running;
    await assert.rejects(upstream.open("app"), { code: "upstream/no-suitable-host" });
    await standby.promote();
    assert.deepEqual(await once(upstream, "app", PORT), [[String(standby.port)]]);
    // The old primary comes back on its own timeline and takes writes: whoever is listed first and says it is
    // primary is used, as with libpq. Fencing it is the failover manager's duty.
    await primary.start();
    assert.equal((await once(upstream, "app", "SELECT pg_is_in_recovery()"))[0]?.[0], "f");
  },
);
