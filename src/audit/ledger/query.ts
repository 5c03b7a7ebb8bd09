import type { Json } from "./canonical.ts";
import type { LedgerRecord, RecordedEvent } from "./record.ts";

/** Which records are wanted; what is left out does not matter. */
export interface Query {
  /** Milliseconds since the epoch: from then on. */
  readonly from?: number | undefined;
  /** Milliseconds since the epoch: before then. */
  readonly to?: number | undefined;
  /** `<issuer>:<subject>`, or a username. Takes in what happened in the sessions of that identity. */
  readonly actor?: string | undefined;
  /** `login.denied.v1`, `login.denied` or `login`. */
  readonly event?: string | undefined;
  readonly cluster?: string | undefined;
  /** A correlation id: of a session, or of an access request. */
  readonly session?: string | undefined;
  /** The id of an access request or a grant. Takes in what happened in the sessions that used it. */
  readonly grant?: string | undefined;
}

/** Tells which records a query wants, of records in the order of the ledger. */
export function matcherOf(query: Query): (record: LedgerRecord) => boolean {
  const { from, to, event, cluster, session } = query;
  const isActors = actorMatcher(query.actor);
  const isGrants = grantMatcher(query.grant);
  return (record) => {
    // First: they learn from every record which sessions are meant.
    const [actors, grants] = [isActors(record), isGrants(record)];
    if (!actors || !grants) return false;
    const time = Date.parse(record.time);
    const fields = record.event;
    return (
      (from === undefined || time >= from) &&
      (to === undefined || time < to) &&
      (event === undefined || isNamed(fields.event, event)) &&
      (cluster === undefined || clusterOf(record) === cluster) &&
      (session === undefined || [fields["session"], fields["request"], fields["grant"]].includes(session))
    );
  };
}

function isNamed(name: string, wanted: string): boolean {
  const bare = name.replace(/\.v\d+$/, "");
  return name === wanted || bare === wanted || bare.startsWith(`${wanted}.`);
}

/** Members that say who did something, or to whom it was done. */
const WHO = ["actor", "actorName", "subject", "username"] as const;

function actorMatcher(actor: string | undefined): (record: LedgerRecord) => boolean {
  if (actor === undefined) return () => true;
  return withSessions(
    (event) => WHO.some((name) => event[name] === actor),
    ({ event }) => event === "login.allowed.v1",
  );
}

/** A grant has the id of the access request that it came from. */
function grantMatcher(id: string | undefined): (record: LedgerRecord) => boolean {
  if (id === undefined) return () => true;
  return withSessions(({ request, grant, grants }) => {
    return request === id || grant === id || (Array.isArray(grants) && grants.includes(id));
  });
}

/**
 * What is meant by itself, and all of the sessions that such an event begins.
 * @param begins whether an event that is meant makes its session one of them; all do by default
 */
function withSessions(
  isMeant: (event: RecordedEvent) => boolean,
  begins: (event: RecordedEvent) => boolean = () => true,
): (record: LedgerRecord) => boolean {
  const sessions = new Set<Json>();
  return ({ event }) => {
    const { session } = event;
    const meant = isMeant(event);
    if (meant && session !== undefined && begins(event)) sessions.add(session);
    const known = session !== undefined && sessions.has(session);
    if (known && event.event === "session.ended.v1") sessions.delete(session); // ids are not used twice
    return meant || known;
  };
}

function clusterOf({ event }: LedgerRecord): Json | undefined {
  return event["cluster"];
}
