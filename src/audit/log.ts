/**
 * The record of what happened. Every event of the closed union becomes one log line here; nothing that is recorded
 * decides anything.
 */
import type { DestinationStream, Level } from "pino";
import pino from "pino";
import type { Event, Observe } from "../base/event.ts";

interface LogSettings {
  readonly level: Level | "silent";
  readonly format: "json" | "text";
}

/** How loud each event is. Total: a new event must say. */
const LEVELS: Readonly<Record<Event["event"], Level>> = {
  "door.opened.v1": "info",
  "door.closed.v1": "info",
  "connection.refused.v1": "info",
  "login.allowed.v1": "info",
  "login.denied.v1": "warn",
  "session.started.v1": "info",
  "session.ended.v1": "info",
  "upstream.failed.v1": "error",
  "upstream.state.v1": "warn",
  "cancel.v1": "debug",
  "keys.loaded.v1": "info",
  "keys.failed.v1": "error",
  "keys.skipped.v1": "warn",
  "config.loaded.v1": "info",
  "config.refused.v1": "error",
  "tls.loaded.v1": "info",
  "tls.refused.v1": "error",
  "drain.started.v1": "info",
  "drain.ended.v1": "info",
};

/** Names under which a secret could ever be handed in by mistake; their values are never written. */
const REDACTED = ["token", "password", "secret", "credential", "authorization", "cookie", "key"];

/** Makes an observer that writes one line an event to `destination` (standard error by default). */
export function createLog(settings: LogSettings, destination?: DestinationStream): Observe {
  const target = destination ?? pino.destination({ fd: 2, sync: true });
  const logger = pino(
    {
      level: settings.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...REDACTED, ...REDACTED.map((name) => `*.${name}`)], censor: "[secret]" },
    },
    settings.format === "json" ? target : { write: (line) => target.write(asText(line)) },
  );
  return (event) => logger[LEVELS[event.event]](event);
}

/** `12:00:01 info  login.allowed role=analyst …` for people who watch a terminal. */
function asText(line: string): string {
  const { time, level, event, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${plain(value)}`);
  return `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(event).replace(/\.v\d+$/, "")} ${fields.join(" ")}\n`;
}

function plain(value: unknown): string {
  if (typeof value === "string" && /^[\w.:@/+-]+$/.test(value)) return value;
  return JSON.stringify(value);
}
