import { flatten, plain } from "../text-line.ts";
import type { LedgerRecord } from "./record.ts";
import { nodeOf } from "./record.ts";

/**
 * A record for people: `2026-11-24T12:00:01.000Z gw1 #12 login.allowed role=analyst …`, on one line whatever it holds.
 * Nothing that a client sent can move the cursor, colour the text or begin a new line.
 */
export function recordText({ time, node, seq, event: { event, ...fields } }: LedgerRecord): string {
  const shown = flatten(fields).filter(([, value]) => value !== undefined);
  const head = [time, plain(nodeOf(node)), `#${seq}`, plain(event.replace(/\.v\d+$/, ""))];
  return [...head, ...shown.map(([name, value]) => `${plain(name)}=${plain(value)}`)].join(" ");
}
