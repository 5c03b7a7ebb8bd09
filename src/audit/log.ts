/**
 * The record of what happened. Every event of the closed union becomes one log line here; nothing that is recorded
 * decides anything.
 */
import type { DestinationStream, Level } from "pino";
import pino from "pino";
import type { Event, Observe } from "../base/event.ts";
import { redact } from "./redact.ts";
import { asText } from "./text-line.ts";

interface LogSettings {
  readonly level: Level | "silent";
  readonly format: "json" | "text";
}

interface LogOptions {
  /** Standard error by default. */
  readonly destination?: DestinationStream;
  /** Whether the text format may use colours; by default when standard error is a terminal that wants them. */
  readonly colours?: boolean;
  /** Fields that every line carries. */
  readonly fields?: Readonly<Record<string, string | number>>;
}

const STORE_SERVER_LEVELS = {
  starting: "info",
  started: "info",
  said: "error",
  failed: "error",
  ended: "error",
  stopped: "info",
} as const satisfies Record<Extract<Event, { event: "store.server.v1" }>["state"], Level>;

/** How loud each event is, or what of it tells. Total: a new event must say. */
export const LEVELS: {
  readonly [K in Event["event"]]: Level | ((event: Extract<Event, { event: K }>) => Level);
} = {
  "door.opened.v1": "info",
  "door.closed.v1": "info",
  "connection.refused.v1": "info",
  "login.allowed.v1": "info",
  "login.denied.v1": "warn",
  "session.started.v1": "info",
  "session.ended.v1": "info",
  "request.v1": ({ status }) => (status >= 500 ? "error" : status >= 400 ? "warn" : "debug"),
  "query.v1": "info",
  "upstream.failed.v1": "error",
  "upstream.state.v1": "warn",
  "statement.v1": "debug", // the ledger is its place
  "policy.changed.v1": "info",
  "access.requested.v1": "info",
  "access.approved.v1": "info",
  "access.denied.v1": "info",
  "access.withdrawn.v1": "info",
  "access.expired.v1": "info",
  "access.voided.v1": "info",
  "access.reviewed.v1": "info",
  "grant.started.v1": ({ way }) => (way === "break-glass" ? "warn" : "info"),
  "grant.used.v1": "info",
  "grant.spent.v1": "info",
  "grant.ended.v1": "info",
  "webhook.failed.v1": "warn",
  "token.created.v1": "info",
  "token.revoked.v1": "info",
  "user.disabled.v1": "info",
  "user.enabled.v1": "info",
  "operator.acted.v1": "info",
  "audit.failed.v1": "error",
  "audit.recovered.v1": "warn",
  "store.state.v1": ({ state }) => (state === "up" ? "info" : "warn"),
  "store.server.v1": ({ state }) => STORE_SERVER_LEVELS[state],
  "cancel.v1": "debug",
  "keys.loaded.v1": "info",
  "keys.failed.v1": "error",
  "keys.skipped.v1": "warn",
  "policy.loaded.v1": "info",
  "policy.failed.v1": "error",
  "config.loaded.v1": "info",
  "config.refused.v1": "error",
  "catalog.loaded.v1": "info",
  "catalog.failed.v1": "error",
  "tls.loaded.v1": "info",
  "log.suppressed.v1": "warn",
  "drain.started.v1": "info",
  "drain.ended.v1": "info",
  "worker.started.v1": "info",
  "worker.died.v1": "error",
};

/** Makes an observer that writes one line an event. A line is written when the event happens, never later. */
export function createLog(settings: LogSettings, options: LogOptions = {}): Observe {
  const target = options.destination ?? pino.destination({ fd: 2, sync: true });
  const colours = options.colours ?? wantsColours();
  const logger = pino(
    {
      level: settings.level,
      base: options.fields ?? null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (event) => redact(event) as Record<string, unknown>, // an object comes back as an object
      },
    },
    settings.format === "json" ? target : { write: (line) => target.write(asText(line, colours)) },
  );
  return (event) => logger[levelOf(event)](event);
}

function levelOf(event: Event): Level {
  const level = LEVELS[event.event] as Level | ((event: Event) => Level); // it is the entry of this very event
  return typeof level === "function" ? level(event) : level;
}

/** https://no-color.org */
function wantsColours(): boolean {
  return (
    process.stderr.isTTY === true && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb"
  );
}
