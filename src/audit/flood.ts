import type { Clock } from "../base/clock.ts";
import type { Event, Observe } from "../base/event.ts";

/** Lines of one kind within a second: enough to see what goes on, and little for a disk. */
const MOST_LINES = 100;
const WINDOW_MS = 1000;

/**
 * Keeps those who have proved nothing from flooding the log: of what they cause, each kind (event and code) is logged
 * so many times a second, and the rest is told as a number. Kinds are counted apart, so that no flood of one hides
 * another. What somebody who is known does is always logged.
 */
export function boundFloods(log: Observe, clock: Clock): Observe {
  const windows = new Map<string, number>(); // kind → lines in this second; kinds are our own codes, so they are few
  const close = (event: Strangers["event"], code: string, kind: string) => {
    const dropped = (windows.get(kind) ?? 0) - MOST_LINES;
    windows.delete(kind);
    if (dropped > 0) log({ event: "log.suppressed.v1", of: event, code, lines: dropped });
  };
  return (event) => {
    if (!isOfStrangers(event)) return log(event);
    const { event: name, code = "" } = event;
    const kind = `${name} ${code}`;
    const lines = (windows.get(kind) ?? 0) + 1;
    windows.set(kind, lines);
    if (lines === 1) clock.after(WINDOW_MS, () => close(name, code, kind));
    if (lines <= MOST_LINES) log(event);
  };
}

type Strangers = Extract<Event, { event: "connection.refused.v1" | "login.denied.v1" | "request.v1" }>;

function isOfStrangers(event: Event): event is Strangers {
  if (event.event === "connection.refused.v1") return true;
  if (event.event === "request.v1") return event.session === undefined;
  return event.event === "login.denied.v1" && event.subject === undefined;
}
