import assert from "node:assert/strict";
import { test } from "node:test";
import { aggregate, countersOf } from "../../../src/audit/aggregate.ts";
import { Metrics } from "../../../src/audit/metrics.ts";
import type { Readings } from "../../../src/audit/readings.ts";
import { newSessionId, parseClusterName } from "../../../src/base/ids.ts";
import { VirtualClock } from "../../support/clock.ts";

const door = "postgres";
const cluster = parseClusterName("main") ?? assert.fail();
const READINGS: Readings = {
  draining: false,
  unauthenticated: 2,
  liveBytes: { fromClient: 10, toClient: 20 },
  hosts: [{ cluster: "main", host: "db:5432", up: true }],
  pool: { busy: 1, idle: 2, opening: 0, waiting: 3, timeouts: 4 },
  issuers: ["corp"],
};

/** A process that loaded its keys `age` ms ago and has one session. */
async function processWith(more: Partial<Readings>, age: number) {
  const clock = new VirtualClock();
  const metrics = new Metrics({ clock, read: () => ({ ...READINGS, ...more }) });
  metrics.observe({ event: "keys.loaded.v1", issuer: "corp", keys: 1 });
  metrics.observe({
    event: "session.started.v1",
    session: newSessionId(),
    door,
    cluster,
    backendPid: 1,
    host: "db:5432",
    loginMs: 7,
  });
  clock.advance(age);
  return JSON.parse(JSON.stringify(await metrics.json()));
}

async function scrape(parts: Parameters<typeof aggregate>[0], series: readonly string[]) {
  const lines = (await (await aggregate(parts)).metrics()).split("\n");
  return series.map((name) => lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1));
}

test("of several processes, counts add up, a host that one finds down is down, and the oldest keys count", async () => {
  const both = await Promise.all([
    processWith({}, 5000),
    processWith({ hosts: [{ cluster: "main", host: "db:5432", up: false }], draining: true }, 90_000),
  ]);
  const expected = {
    'postern_sessions{door="postgres",cluster="main"}': "2",
    'postern_login_seconds_bucket{le="0.01",door="postgres",cluster="main"}': "2",
    'postern_login_seconds_count{door="postgres",cluster="main"}': "2",
    'postern_session_bytes_total{direction="to_client"}': "40",
    postern_unauthenticated_connections: "4",
    'postern_upstream_up{cluster="main",host="db:5432"}': "0",
    'postern_keys_age_seconds{issuer="corp"}': "90",
    postern_draining: "1",
  };
  assert.deepEqual(await scrape(both, Object.keys(expected)), Object.values(expected));
});

test("of a process that is gone, what it counted stays and what it had does not", async () => {
  const [gone, living] = await Promise.all([processWith({}, 0), processWith({}, 0)]);
  const past = await (await aggregate([countersOf(gone), countersOf(gone)])).getMetricsAsJSON();
  const expected = {
    'postern_login_seconds_count{door="postgres",cluster="main"}': "3",
    'postern_login_seconds_bucket{le="0.01",door="postgres",cluster="main"}': "3",
    'postern_key_loads_total{issuer="corp",result="ok"}': "3",
    'postern_sessions{door="postgres",cluster="main"}': "1",
  };
  assert.deepEqual(await scrape([past, living], Object.keys(expected)), Object.values(expected));
});
