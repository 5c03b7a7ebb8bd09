import assert from "node:assert/strict";
import { test } from "node:test";
import { Metrics } from "../../../src/audit/metrics.ts";
import type { Readings } from "../../../src/audit/readings.ts";
import type { Event } from "../../../src/base/event.ts";
import {
  newSessionId,
  parseClusterName,
  parseDatabaseName,
  parseRoleName,
  subjectId,
} from "../../../src/base/ids.ts";
import { VirtualClock } from "../../support/clock.ts";

const clock = new VirtualClock(1_000_000_000_000);
const session = newSessionId();
const cluster = parseClusterName("main") ?? assert.fail();
const peer = { address: "192.0.2.7", port: 5000, tls: true };
const door = "postgres";
const idle: Readings = {
  draining: false,
  unauthenticated: 0,
  liveBytes: { fromClient: 0, toClient: 0 },
  hosts: [],
  pool: undefined,
  issuers: [],
};

function metrics(read: () => Readings | undefined = () => idle): Metrics {
  return new Metrics({ clock, read });
}

/** The value of one series, as a scrape shows it. */
async function scraped(of: Metrics, series: string): Promise<number | undefined> {
  const line = (await of.text()).split("\n").find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

const DENIED = {
  event: "login.denied.v1",
  session,
  door,
  peer,
  subject: subjectId("https://issuer.example", "ada-the-subject"),
  cluster: "main",
  database: "secret-database",
  role: "secret-role",
  code: "identity/expired",
  detail: "a detail",
} as const;
const ALLOWED = {
  event: "login.allowed.v1",
  session,
  door,
  peer,
  subject: DENIED.subject,
  username: "ada-the-name",
  cluster,
  database: parseDatabaseName("secret-database") ?? assert.fail(),
  role: parseRoleName("secret-role") ?? assert.fail(),
  rule: "a-rule",
  grants: [],
  until: undefined,
} as const;
const STARTED = {
  event: "session.started.v1",
  session,
  door,
  cluster,
  backendPid: 1,
  host: "db:5432",
  loginMs: 40,
} as const;
const ENDED = {
  event: "session.ended.v1",
  session,
  door,
  cluster,
  reason: "expired",
  bytesFromClient: 100,
  bytesToClient: 2000,
  rows: 20,
  durationMs: 60_000,
} as const;

const STEP = {
  actor: DENIED.subject,
  request: "r1",
  subject: DENIED.subject,
  namespace: "default",
  offer: "orders",
} as const;
const GRANT = { grant: "g1", subject: DENIED.subject, namespace: "default", offer: "orders" } as const;
const stepsOf = (step: string) => `postern_access_request_steps_total{step="${step}"}`;

/** Each event, the series that it moves, and to what. */
const COUNTS: Readonly<
  Record<Event["event"], readonly [event: Event, series: string, value: number] | "nothing">
> = {
  "door.opened.v1": "nothing",
  "door.closed.v1": "nothing",
  "connection.refused.v1": [
    { event: "connection.refused.v1", session: undefined, door, peer, code: "wire/alpn", detail: "" },
    'postern_connections_refused_total{door="postgres",code="wire/alpn"}',
    1,
  ],
  "login.allowed.v1": [ALLOWED, 'postern_logins_total{door="postgres",result="allowed",code="ok"}', 1],
  "login.denied.v1": [
    DENIED,
    'postern_logins_total{door="postgres",result="denied",code="identity/expired"}',
    1,
  ],
  "session.started.v1": [STARTED, 'postern_sessions{door="postgres",cluster="main"}', 1],
  "session.ended.v1": [ENDED, 'postern_sessions_ended_total{door="postgres",reason="expired"}', 1],
  "upstream.failed.v1": [
    {
      event: "upstream.failed.v1",
      session,
      cluster,
      host: "db:5432",
      code: "upstream/unreachable",
      detail: "",
    },
    'postern_upstream_failures_total{cluster="main",code="upstream/unreachable"}',
    1,
  ],
  "upstream.state.v1": [
    { event: "upstream.state.v1", cluster, host: "db:5432", state: "down" },
    'postern_upstream_state_changes_total{cluster="main",state="down"}',
    1,
  ],
  "statement.v1": "nothing",
  "policy.changed.v1": "nothing",
  "access.requested.v1": [
    {
      ...STEP,
      event: "access.requested.v1",
      role: "orders_rw",
      durationMs: 1,
      reason: "",
      breakGlass: false,
    },
    stepsOf("requested"),
    1,
  ],
  "access.approved.v1": [
    { ...STEP, event: "access.approved.v1", approvals: 1, needed: 1, note: "" },
    stepsOf("approved"),
    1,
  ],
  "access.denied.v1": [{ ...STEP, event: "access.denied.v1", reason: "" }, stepsOf("denied"), 1],
  "access.withdrawn.v1": [{ ...STEP, event: "access.withdrawn.v1" }, stepsOf("withdrawn"), 1],
  "access.expired.v1": [{ ...STEP, event: "access.expired.v1" }, stepsOf("expired"), 1],
  "access.voided.v1": [{ ...STEP, event: "access.voided.v1" }, stepsOf("voided"), 1],
  "access.reviewed.v1": [{ ...STEP, event: "access.reviewed.v1", note: "" }, stepsOf("reviewed"), 1],
  "grant.used.v1": [{ ...GRANT, event: "grant.used.v1", session: "s1", uses: 1 }, stepsOf("used"), 1],
  "grant.spent.v1": [{ ...GRANT, event: "grant.spent.v1", uses: 2 }, stepsOf("spent"), 1],
  "grant.started.v1": [
    { ...GRANT, event: "grant.started.v1", request: "r1", role: "orders_rw", way: "approvals", until: 1 },
    stepsOf("started"),
    1,
  ],
  "grant.ended.v1": [
    { ...GRANT, event: "grant.ended.v1", actor: "system", reason: "time", note: "" },
    stepsOf("ended"),
    1,
  ],
  "webhook.failed.v1": [
    {
      event: "webhook.failed.v1",
      receiver: "https://chat.example.com",
      of: "access.requested.v1",
      attempts: 4,
      detail: "",
    },
    "postern_webhook_failures_total",
    1,
  ],
  "token.created.v1": "nothing",
  "token.revoked.v1": "nothing",
  "user.disabled.v1": "nothing",
  "user.enabled.v1": "nothing",
  "operator.acted.v1": [
    {
      event: "operator.acted.v1",
      actor: DENIED.subject,
      request: session,
      verb: "delete",
      resource: "sessions",
      namespace: undefined,
      name: "5f0c6a91d2be",
      outcome: "denied",
      code: "policy/denied",
    },
    'postern_operations_total{outcome="denied"}',
    1,
  ],
  "audit.failed.v1": [
    { event: "audit.failed.v1", sink: "file", code: "audit/unwritable", detail: "" },
    'postern_audit_failures_total{sink="file"}',
    1,
  ],
  "audit.recovered.v1": [
    { event: "audit.recovered.v1", sink: "file", lost: 7 },
    "postern_audit_lost_total",
    7,
  ],
  "store.state.v1": [
    { event: "store.state.v1", state: "down", detail: "" },
    'postern_store_state_changes_total{state="down"}',
    1,
  ],
  "store.server.v1": "nothing",
  "cancel.v1": [{ event: "cancel.v1", peer, matched: false }, 'postern_cancels_total{matched="false"}', 1],
  "keys.loaded.v1": [
    { event: "keys.loaded.v1", issuer: "corp", keys: 2 },
    'postern_key_loads_total{issuer="corp",result="ok"}',
    1,
  ],
  "keys.failed.v1": [
    { event: "keys.failed.v1", issuer: "corp", detail: "", ageMs: undefined },
    'postern_key_loads_total{issuer="corp",result="failed"}',
    1,
  ],
  "keys.skipped.v1": "nothing",
  "policy.loaded.v1": [
    { event: "policy.loaded.v1", objects: 1 },
    'postern_policy_reads_total{result="changed"}',
    1,
  ],
  "policy.failed.v1": [
    { event: "policy.failed.v1", detail: "" },
    'postern_policy_reads_total{result="failed"}',
    1,
  ],
  "config.loaded.v1": [
    { event: "config.loaded.v1", source: "x" },
    'postern_config_loads_total{result="ok"}',
    1,
  ],
  "config.refused.v1": [
    { event: "config.refused.v1", source: "x", detail: "" },
    'postern_config_loads_total{result="refused"}',
    1,
  ],
  "catalog.loaded.v1": [
    {
      event: "catalog.loaded.v1",
      cluster,
      database: ALLOWED.database,
      tables: 1,
      routines: 2,
      relationships: 3,
      durationMs: 250,
    },
    'postern_catalog_load_seconds{cluster="main"}',
    0.25,
  ],
  "catalog.failed.v1": [
    {
      event: "catalog.failed.v1",
      cluster,
      database: ALLOWED.database,
      detail: "a detail",
      retryMs: 1000,
    },
    'postern_catalog_loads_total{cluster="main",result="failed"}',
    1,
  ],
  "tls.loaded.v1": [
    { event: "tls.loaded.v1", door, notAfter: "Jan  1 00:00:00 2030 GMT" },
    'postern_tls_not_after_timestamp_seconds{door="postgres"}',
    1_893_456_000,
  ],
  "log.suppressed.v1": "nothing",
  "request.v1": [
    {
      event: "request.v1",
      session: undefined,
      door: "rest",
      peer: ALLOWED.peer,
      method: "GET",
      path: "/films",
      status: 206,
      code: undefined,
      detail: undefined,
      durationMs: 3,
      bytes: 10,
    },
    'postern_requests_total{door="rest",status="2xx"}',
    1,
  ],
  "query.v1": "nothing",
  "drain.started.v1": "nothing",
  "drain.ended.v1": [{ event: "drain.ended.v1", cut: 3 }, "postern_sessions_cut_total", 3],
  "worker.started.v1": "nothing",
  "worker.died.v1": [
    { event: "worker.died.v1", worker: 1, pid: 5000, how: "SIGKILL", restartMs: 100 },
    "postern_worker_deaths_total",
    1,
  ],
};

for (const [name, counts] of Object.entries(COUNTS)) {
  if (counts === "nothing") continue;
  test(`${name} moves ${counts[1]}`, async () => {
    const all = metrics();
    all.observe(counts[0]);
    assert.equal(await scraped(all, counts[1]), counts[2]);
  });
}

test("a session counts as live from its start to its end", async () => {
  const all = metrics();
  const live = 'postern_sessions{door="postgres",cluster="main"}';
  all.observe(STARTED);
  all.observe(STARTED);
  all.observe(ENDED);
  assert.equal(await scraped(all, live), 1);
});

test("the time of a login is in the histogram's bucket", async () => {
  const all = metrics();
  all.observe(STARTED);
  const bucket = (le: string) =>
    scraped(all, `postern_login_seconds_bucket{le="${le}",door="postgres",cluster="main"}`);
  assert.deepEqual(await Promise.all([bucket("0.02"), bucket("0.05"), bucket("+Inf")]), [0, 1, 1]);
});

test("bytes count while a session is live and do not fall when it ends", async () => {
  let live = { fromClient: 60, toClient: 1500 };
  const all = metrics(() => ({ ...idle, liveBytes: live }));
  const bytes = () => scraped(all, 'postern_session_bytes_total{direction="to_client"}');
  assert.equal(await bytes(), 1500);
  live = { fromClient: 0, toClient: 0 };
  all.observe(ENDED);
  assert.equal(await bytes(), 2000);
});

test("the age of keys grows until they are loaded again, and goes with the issuer", async () => {
  let issuers = ["corp"];
  const all = metrics(() => ({ ...idle, issuers }));
  const age = () => scraped(all, 'postern_keys_age_seconds{issuer="corp"}');
  assert.equal(await age(), undefined);
  all.observe({ event: "keys.loaded.v1", issuer: "corp", keys: 1 });
  clock.advance(90_000);
  assert.equal(await age(), 90);
  all.observe({ event: "keys.loaded.v1", issuer: "corp", keys: 1 });
  assert.equal(await age(), 0);
  issuers = [];
  assert.equal(await age(), undefined);
});

test("hosts are shown as they are now, and those that a reload took away are gone", async () => {
  let hosts = [{ cluster: "main", host: "db1:5432", up: false }];
  const all = metrics(() => ({ ...idle, hosts }));
  const up = (host: string) => scraped(all, `postern_upstream_up{cluster="main",host="${host}"}`);
  assert.equal(await up("db1:5432"), 0);
  hosts = [{ cluster: "main", host: "db2:5432", up: true }];
  assert.deepEqual([await up("db1:5432"), await up("db2:5432")], [undefined, 1]);
});

test("metrics can be read before anything runs", async () => {
  assert.equal(
    await scraped(
      metrics(() => undefined),
      "postern_draining",
    ),
    0,
  );
});

test("no label holds what a client chose", async () => {
  const all = metrics();
  for (const counts of Object.values(COUNTS)) if (counts !== "nothing") all.observe(counts[0]);
  const text = await all.text();
  for (const chosen of [
    "secret-role",
    "secret-database",
    "ada-the-name",
    "ada-the-subject",
    "192.0.2.7",
    "a detail",
  ])
    assert.ok(!text.includes(chosen), chosen);
});

test("a server that makes up error codes cannot grow the number of series without end", async () => {
  const all = metrics();
  for (let n = 0; n < 1000; n++) {
    all.observe({
      event: "upstream.failed.v1",
      session,
      cluster,
      host: "db:5432",
      code: `X${n}`,
      detail: "",
    });
  }
  const lines = (await all.text())
    .split("\n")
    .filter((line) => line.startsWith("postern_upstream_failures_total{"));
  assert.ok(lines.length <= 65, `${lines.length} series`);
  assert.equal(await scraped(all, 'postern_upstream_failures_total{cluster="main",code="other"}'), 1000 - 64);
});
