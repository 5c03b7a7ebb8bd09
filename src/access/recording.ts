import type { Recorder } from "../audit/ledger/ledger.ts";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Event } from "../base/event.ts";
import { within } from "../base/within.ts";
import type { SessionFacts } from "../sessions/registry.ts";
import { refused } from "./denied.ts";

/**
 * Waits until every change that was committed here is recorded, where that has to be before it is acknowledged.
 * @returns why it is not
 */
export type Recorded = () => Promise<string | undefined>;

/** What cannot be recorded yet is not acknowledged. It is made all the same, and its record will follow. @throws Refused */
export async function mustBeRecorded(recorded: Recorded): Promise<void> {
  const trouble = await recorded();
  if (trouble !== undefined) throw refused("access/not-recorded", trouble);
}

/** A ledger that takes longer is as good as none: the client waits, and its login has a deadline. */
const PATIENCE_MS = 5000;

type LoginAllowed = Extract<Event, { readonly event: "login.allowed.v1" }>;

/** What is recorded and logged of a login that was permitted. */
export function allowed(facts: SessionFacts, grants: readonly string[]): LoginAllowed {
  const { id, door, peer, subject, username, cluster, database, role, rule, until } = facts;
  return {
    event: "login.allowed.v1",
    session: id,
    door,
    peer,
    subject,
    username,
    cluster,
    database,
    role,
    rule,
    grants,
    until: until?.at,
  };
}

/** Records an event for certain. Returns why that could not be done; undefined when it is safe. */
export async function record(
  event: Event,
  recorder: Recorder | undefined,
  clock: Clock,
): Promise<string | undefined> {
  if (recorder === undefined) return "there is no ledger";
  const appended = recorder.append(event).then(() => undefined, messageOf);
  return within(clock, PATIENCE_MS, appended, () => `the ledger did not answer within ${PATIENCE_MS} ms`);
}
