import type { Registry } from "prom-client";
import { Counter, Gauge, Histogram } from "prom-client";
import type { Clock } from "../base/clock.ts";
import type { Event } from "../base/event.ts";
import { BoundedLabel } from "./bounded.ts";
import type { Tally } from "./readings.ts";

/** What each event counts. Total: a new event must say, even that it counts nothing. */
export type Counting = {
  readonly [K in Event["event"]]: (event: Extract<Event, { event: K }>) => void;
};

interface CountingParts {
  readonly registers: Registry[];
  readonly clock: Clock;
  readonly tally: Tally;
}

/** From a login on the same machine to one that waits for a slow server; the default deadline is 15 s. */
const LOGIN_SECONDS = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15];
/** From a look-up by key to a report; statement time-outs are mostly below. */
const REQUEST_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

const nothing = () => {};

/** Makes the series that are fed by events, and the table that feeds them. */
export function createCounting({ registers, clock, tally }: CountingParts): Counting {
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name: `postern_${name}`, help, labelNames, registers });
  const refused = counter("connections_refused_total", "Connections that ended before a login was decided.", [
    "door",
    "code",
  ]);
  const logins = counter("logins_total", "Logins decided, by result and the check that failed.", [
    "door",
    "result",
    "code",
  ]);
  const ended = counter("sessions_ended_total", "Sessions ended, by reason.", ["door", "reason"]);
  const requests = counter("requests_total", "Requests of the REST door, by the class of their status.", [
    "door",
    "status",
  ]);
  const failures = counter("upstream_failures_total", "Upstream connections that failed.", [
    "cluster",
    "code",
  ]);
  const changes = counter("upstream_state_changes_total", "Changes of a host's state.", ["cluster", "state"]);
  const storeChanges = counter("store_state_changes_total", "Changes of the store's state.", ["state"]);
  const cancels = counter("cancels_total", "Cancel requests, by whether the key was known.", ["matched"]);
  const keyLoads = counter("key_loads_total", "Loads of an issuer's keys.", ["issuer", "result"]);
  const policyReads = counter(
    "policy_reads_total",
    "Reads of the store's policy that found it changed, and that failed.",
    ["result"],
  );
  const configLoads = counter("config_loads_total", "Configurations read, at start and after.", ["result"]);
  const catalogLoads = counter("catalog_loads_total", "Loads of the REST door's picture of a database.", [
    "cluster",
    "result",
  ]);
  const tlsLoads = counter("tls_loads_total", "Certificates read, at start and after.", ["door"]);
  const cut = counter("sessions_cut_total", "Sessions cut because they outlasted the drain.");
  const deaths = counter("worker_deaths_total", "Worker processes that ended without having been told to.");
  const requestSteps = counter("access_request_steps_total", "Steps of access requests and their grants.", [
    "step",
  ]);
  const webhookFailures = counter("webhook_failures_total", "Messages to webhooks that were given up.");
  const operations = counter("operations_total", "What operators did, by how it ended.", ["outcome"]);
  const auditFailures = counter("audit_failures_total", "Failures to write audit events.", ["sink"]);
  const auditLost = counter(
    "audit_lost_total",
    "Audit events that were not recorded, as best effort allows.",
  );
  const sessions = new Gauge({
    name: "postern_sessions",
    help: "Sessions that are live.",
    labelNames: ["door", "cluster"],
    registers,
  });
  const loginSeconds = new Histogram({
    name: "postern_login_seconds",
    help: "From the accepted connection to ReadyForQuery, for logins that became sessions.",
    labelNames: ["door", "cluster"],
    buckets: LOGIN_SECONDS,
    registers,
  });
  const requestSeconds = new Histogram({
    name: "postern_request_seconds",
    help: "From the head of a request of the REST door to its answer.",
    labelNames: ["door"],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const catalogSeconds = new Gauge({
    name: "postern_catalog_load_seconds",
    help: "How long the last load of the REST door's picture of a database took.",
    labelNames: ["cluster"],
    aggregator: "max",
    registers,
  });
  const notAfter = new Gauge({
    name: "postern_tls_not_after_timestamp_seconds",
    help: "When a door's certificate ends.",
    labelNames: ["door"],
    aggregator: "min",
    registers,
  });
  const configLoadedAt = new Gauge({
    name: "postern_config_loaded_timestamp_seconds",
    help: "When the configuration in force was read.",
    aggregator: "max",
    registers,
  });
  const codes = new BoundedLabel();

  return {
    "door.opened.v1": nothing,
    "door.closed.v1": nothing,
    "connection.refused.v1": ({ door, code }) => refused.inc({ door, code: codes.of(code) }),
    "login.allowed.v1": ({ door }) => logins.inc({ door, result: "allowed", code: "ok" }),
    "login.denied.v1": ({ door, code }) => logins.inc({ door, result: "denied", code: codes.of(code) }),
    "session.started.v1": ({ door, cluster, loginMs }) => {
      sessions.inc({ door, cluster });
      loginSeconds.observe({ door, cluster }, loginMs / 1000);
    },
    "session.ended.v1": ({ door, cluster, reason, bytesFromClient, bytesToClient }) => {
      sessions.dec({ door, cluster });
      ended.inc({ door, reason });
      tally.endedBytes.fromClient += bytesFromClient;
      tally.endedBytes.toClient += bytesToClient;
    },
    "request.v1": ({ door, status, durationMs }) => {
      requests.inc({ door, status: `${Math.trunc(status / 100)}xx` });
      requestSeconds.observe({ door }, durationMs / 1000);
    },
    "query.v1": nothing,
    // The code may be a SQLSTATE, which the server chose.
    "upstream.failed.v1": ({ cluster, code }) => failures.inc({ cluster, code: codes.of(code) }),
    "upstream.state.v1": ({ cluster, state }) => changes.inc({ cluster, state }),
    "statement.v1": nothing,
    "policy.changed.v1": nothing,
    "access.requested.v1": () => requestSteps.inc({ step: "requested" }),
    "access.approved.v1": () => requestSteps.inc({ step: "approved" }),
    "access.denied.v1": () => requestSteps.inc({ step: "denied" }),
    "access.withdrawn.v1": () => requestSteps.inc({ step: "withdrawn" }),
    "access.expired.v1": () => requestSteps.inc({ step: "expired" }),
    "access.voided.v1": () => requestSteps.inc({ step: "voided" }),
    "access.reviewed.v1": () => requestSteps.inc({ step: "reviewed" }),
    "grant.used.v1": () => requestSteps.inc({ step: "used" }),
    "grant.spent.v1": () => requestSteps.inc({ step: "spent" }),
    "grant.started.v1": () => requestSteps.inc({ step: "started" }),
    "grant.ended.v1": () => requestSteps.inc({ step: "ended" }),
    "webhook.failed.v1": () => webhookFailures.inc(),
    "token.created.v1": nothing,
    "token.revoked.v1": nothing,
    "user.disabled.v1": nothing,
    "user.enabled.v1": nothing,
    "operator.acted.v1": ({ outcome }) => operations.inc({ outcome }),
    "audit.failed.v1": ({ sink }) => auditFailures.inc({ sink }),
    "audit.recovered.v1": ({ lost }) => auditLost.inc(lost),
    "store.server.v1": nothing, // store.state.v1 tells what comes of it
    "store.state.v1": ({ state }) => storeChanges.inc({ state }),
    "cancel.v1": ({ matched }) => cancels.inc({ matched: String(matched) }),
    "keys.loaded.v1": ({ issuer }) => {
      tally.keysLoadedAt.set(issuer, clock.now());
      keyLoads.inc({ issuer, result: "ok" });
    },
    "keys.failed.v1": ({ issuer }) => keyLoads.inc({ issuer, result: "failed" }),
    "keys.skipped.v1": nothing,
    "policy.loaded.v1": () => policyReads.inc({ result: "changed" }),
    "policy.failed.v1": () => policyReads.inc({ result: "failed" }),
    "config.loaded.v1": () => {
      configLoads.inc({ result: "ok" });
      configLoadedAt.set(clock.now() / 1000);
    },
    "config.refused.v1": () => configLoads.inc({ result: "refused" }),
    "catalog.loaded.v1": ({ cluster, durationMs }) => {
      catalogLoads.inc({ cluster, result: "ok" });
      catalogSeconds.set({ cluster }, durationMs / 1000);
    },
    "catalog.failed.v1": ({ cluster }) => catalogLoads.inc({ cluster, result: "failed" }),
    "tls.loaded.v1": ({ door, notAfter: date }) => {
      tlsLoads.inc({ door });
      notAfter.set({ door }, Date.parse(date) / 1000);
    },
    "log.suppressed.v1": nothing, // what it stands for was counted, line by line
    "drain.started.v1": nothing,
    "drain.ended.v1": (event) => cut.inc(event.cut),
    "worker.started.v1": nothing,
    "worker.died.v1": () => deaths.inc(),
  };
}
