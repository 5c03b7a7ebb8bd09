import type { ClusterName, DatabaseName, RoleName, SessionId, SubjectId } from "./ids.ts";

/** The ways in. */
export type DoorName = "postgres" | "rest" | "pam" | "control";

/** Where a client is, as the kernel says. */
export interface Peer {
  /** IPv4 or IPv6 address without brackets; IPv4-mapped addresses are written as IPv4. */
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
}

/**
 * Everything that Postern reports while it runs, in one closed union: log lines, metrics and audit events are all
 * made from it. Names end in a version; a field never changes its meaning.
 */
export type Event =
  | {
      readonly event: "door.opened.v1";
      readonly door: DoorName;
      readonly address: string;
      readonly port: number;
    }
  | {
      readonly event: "door.closed.v1";
      readonly door: DoorName;
      readonly address: string;
      readonly port: number;
    }
  | {
      /** A connection that ended before there was a wish: garbage, time-out, flood. */
      readonly event: "connection.refused.v1";
      /** None when it was refused before a login began. */
      readonly session: SessionId | undefined;
      readonly door: DoorName;
      readonly peer: Peer;
      readonly code: string;
      readonly detail: string;
    }
  | {
      readonly event: "login.allowed.v1";
      readonly session: SessionId;
      readonly door: DoorName;
      readonly peer: Peer;
      readonly subject: SubjectId;
      readonly username: string;
      readonly cluster: ClusterName;
      readonly database: DatabaseName;
      readonly role: RoleName;
      /** Which rule of the policy said yes. */
      readonly rule: string;
      /** Ids of the grants that it rests on, which are those of the access requests that they came from. */
      readonly grants: readonly string[];
      /** When the right ends, milliseconds since the epoch. */
      readonly until: number | undefined;
    }
  | {
      readonly event: "login.denied.v1";
      readonly session: SessionId;
      readonly door: DoorName;
      readonly peer: Peer;
      readonly subject: SubjectId | undefined;
      readonly cluster: string;
      readonly database: string;
      readonly role: string;
      /** The first check that failed; a code of docs/errors.md. */
      readonly code: string;
      readonly detail: string;
    }
  | {
      readonly event: "session.started.v1";
      readonly session: SessionId;
      readonly door: DoorName;
      readonly cluster: ClusterName;
      /** The server process's id, as pg_stat_activity shows it; none at the REST door, whose requests share a pool. */
      readonly backendPid: number | undefined;
      readonly host: string | undefined;
      /** From the accepted connection to ReadyForQuery; at the REST door as long as the decision took. */
      readonly loginMs: number;
    }
  | {
      /** A request of the REST door was answered. */
      readonly event: "request.v1";
      /** None when it was refused before it had one. */
      readonly session: SessionId | undefined;
      readonly door: DoorName;
      readonly peer: Peer;
      readonly method: string;
      /** As sent, without the query string: that holds the values that people look for. */
      readonly path: string;
      readonly status: number;
      /** Of the error that the client was told, if it was. */
      readonly code: string | undefined;
      /** What really went wrong, when that is not an answer of the database's. */
      readonly detail: string | undefined;
      readonly durationMs: number;
      /** Of the answer's body. */
      readonly bytes: number;
    }
  | {
      /** The SQL of a request; values are parameters and not in it. */
      readonly event: "query.v1";
      readonly session: SessionId;
      readonly door: DoorName;
      readonly sql: string;
    }
  | {
      readonly event: "session.ended.v1";
      readonly session: SessionId;
      readonly door: DoorName;
      readonly cluster: ClusterName;
      readonly reason: EndReason;
      readonly bytesFromClient: number;
      readonly bytesToClient: number;
      /** Rows that the client was sent, of results and of COPY; none where a door sends the rows of requests. */
      readonly rows: number | undefined;
      readonly durationMs: number;
    }
  | {
      readonly event: "upstream.failed.v1";
      /** None when the connection was for no session in particular. */
      readonly session: SessionId | undefined;
      readonly cluster: ClusterName;
      readonly host: string;
      readonly code: string;
      readonly detail: string;
    }
  | {
      readonly event: "upstream.state.v1";
      readonly cluster: ClusterName;
      readonly host: string;
      readonly state: "up" | "down";
    }
  | {
      /** A statement that a client had run. What it holds is the client's own text, and may be anything. */
      readonly event: "statement.v1";
      readonly session: SessionId;
      readonly door: DoorName;
      readonly cluster: ClusterName;
      /** Cut after the limit of the configuration. */
      readonly sql: string;
      /** Its length as sent. */
      readonly bytes: number;
      /** As text, null for NULL; none unless the configuration wants them. */
      readonly parameters: readonly (string | null)[] | undefined;
    }
  | ({
      /** An object of the policy is another one, or gone. */
      readonly event: "policy.changed.v1";
      readonly verb: "create" | "update" | "delete";
      readonly kind: string;
      readonly namespace: string | undefined;
      readonly name: string;
      readonly source: "file" | "store";
    } & Deed)
  | ({
      readonly event: "access.requested.v1";
      /** The role of the policy that it is about. */
      readonly role: string;
      readonly durationMs: number;
      /** In the words of whoever asks. */
      readonly reason: string;
      /** Taken at once, to be reviewed afterwards. */
      readonly breakGlass: boolean;
    } & AccessStep)
  | ({
      readonly event: "access.approved.v1";
      readonly approvals: number;
      /** How many it takes. */
      readonly needed: number;
      /** In the words of whoever approved. */
      readonly note: string;
    } & AccessStep)
  | ({ readonly event: "access.denied.v1"; readonly reason: string } & AccessStep)
  | ({ readonly event: "access.withdrawn.v1" } & AccessStep)
  /** Nobody answered in time. */
  | ({ readonly event: "access.expired.v1" } & AccessStep)
  /** What was asked for was changed meanwhile. */
  | ({ readonly event: "access.voided.v1" } & AccessStep)
  /** Somebody looked at what was taken in an emergency, and says what they found. */
  | ({ readonly event: "access.reviewed.v1"; readonly note: string } & AccessStep)
  | {
      readonly event: "grant.started.v1";
      readonly grant: string;
      /** The access request that it came from. */
      readonly request: string | undefined;
      readonly subject: SubjectId;
      readonly namespace: string;
      readonly offer: string;
      readonly role: string;
      /** Whether people approved it, the offer says so, or it was taken in an emergency. */
      readonly way: "approvals" | "preapproved" | "break-glass";
      /** Milliseconds since the epoch. */
      readonly until: number;
    }
  | ({
      readonly event: "grant.ended.v1";
      readonly grant: string;
      readonly subject: SubjectId;
      readonly namespace: string;
      readonly offer: string;
      /** `changed`: what it gave is not what was approved any more. */
      readonly reason: "time" | "revoked" | "emergency" | "changed";
      readonly note: string;
    } & Deed)
  | {
      /** A session was let in by it. */
      readonly event: "grant.used.v1";
      readonly grant: string;
      readonly session: string;
      readonly subject: SubjectId;
      readonly namespace: string;
      readonly offer: string;
      /** How often it was used, this time included. */
      readonly uses: number;
    }
  | {
      /** It was used as often as it may be, and lets no session in any more. */
      readonly event: "grant.spent.v1";
      readonly grant: string;
      readonly subject: SubjectId;
      readonly namespace: string;
      readonly offer: string;
      readonly uses: number;
    }
  | {
      /** Somebody who wants to be told of access requests could not be told. */
      readonly event: "webhook.failed.v1";
      /** The origin of the URL: its path may be a secret. */
      readonly receiver: string;
      readonly of: string;
      readonly attempts: number;
      readonly detail: string;
    }
  | ({
      /** A personal access token was made. */
      readonly event: "token.created.v1";
      /** What the token is listed under; no part of the token. */
      readonly id: string;
      readonly subject: SubjectId;
      readonly name: string;
      readonly until: number | undefined;
    } & Deed)
  | ({
      readonly event: "token.revoked.v1";
      readonly id: string;
      readonly subject: SubjectId;
      readonly name: string;
    } & Deed)
  | ({
      /** Somebody was shut out at every door. */
      readonly event: "user.disabled.v1";
    } & UserStep)
  | ({ readonly event: "user.enabled.v1" } & UserStep)
  | ({
      /** Somebody used a right that is not a login: ended a session, began a backup, looked at the ledger. */
      readonly event: "operator.acted.v1";
      /** The correlation id that the operator was told. */
      readonly request: string;
      readonly verb: string;
      readonly resource: string;
      readonly namespace: string | undefined;
      readonly name: string | undefined;
      readonly outcome: "done" | "denied" | "failed";
      /** Of the check that failed, or of the error. */
      readonly code: string | undefined;
    } & Deed)
  | {
      /** Audit events were not recorded; the ledger itself says how many, once it can be written again. */
      readonly event: "audit.failed.v1";
      /** Where they should have gone. */
      readonly sink: string;
      readonly code: string;
      readonly detail: string;
    }
  | { readonly event: "audit.recovered.v1"; readonly sink: string; readonly lost: number }
  | {
      /** Postern's own store answers, or does not any more. */
      readonly event: "store.state.v1";
      readonly state: "up" | "down";
      /** Why it is down. */
      readonly detail: string | undefined;
    }
  | {
      /** The PostgreSQL of `store.embedded` is being started, serves, or ended. */
      readonly event: "store.server.v1";
      readonly state: "starting" | "started" | "said" | "failed" | "ended" | "stopped";
      /** The step, what the server said, or what is wrong. */
      readonly detail: string | undefined;
    }
  | { readonly event: "cancel.v1"; readonly peer: Peer; readonly matched: boolean }
  | { readonly event: "keys.loaded.v1"; readonly issuer: string; readonly keys: number }
  | {
      readonly event: "keys.failed.v1";
      readonly issuer: string;
      readonly detail: string;
      readonly ageMs: number | undefined;
    }
  /** A key that an issuer publishes but that cannot be used, and why; its other keys still are. */
  | { readonly event: "keys.skipped.v1"; readonly issuer: string; readonly detail: string }
  /** What the store holds of policy was read, and is not what it was. */
  | { readonly event: "policy.loaded.v1"; readonly objects: number }
  /** It could not be read. What rests on it is refused until it can. */
  | { readonly event: "policy.failed.v1"; readonly detail: string }
  | { readonly event: "config.loaded.v1"; readonly source: string }
  | { readonly event: "config.refused.v1"; readonly source: string; readonly detail: string }
  | {
      /** What the REST door knows of a database was read, at start or anew. */
      readonly event: "catalog.loaded.v1";
      readonly cluster: ClusterName;
      readonly database: DatabaseName;
      readonly tables: number;
      readonly routines: number;
      readonly relationships: number;
      readonly durationMs: number;
    }
  | {
      /** It could not be read; what was known before stays in force. */
      readonly event: "catalog.failed.v1";
      readonly cluster: ClusterName;
      readonly database: DatabaseName;
      readonly detail: string;
      /** When it is tried again. */
      readonly retryMs: number;
    }
  | { readonly event: "tls.loaded.v1"; readonly door: DoorName; readonly notAfter: string }
  | {
      /** Lines that were not written within the last second, because those who caused them had proved nothing. */
      readonly event: "log.suppressed.v1";
      readonly of: "connection.refused.v1" | "login.denied.v1" | "request.v1";
      readonly code: string;
      readonly lines: number;
    }
  | { readonly event: "drain.started.v1"; readonly sessions: number; readonly graceMs: number }
  | { readonly event: "drain.ended.v1"; readonly cut: number }
  | { readonly event: "worker.started.v1"; readonly worker: number; readonly pid: number }
  | {
      /** A worker process that ended without having been told to. */
      readonly event: "worker.died.v1";
      readonly worker: number;
      readonly pid: number;
      /** Its exit code or the signal that killed it. */
      readonly how: string;
      /** When another takes its place. */
      readonly restartMs: number;
    };

/** Who did something: an identity, or `system` for what Postern does by itself. */
export type Actor = SubjectId | "system";

/** Whoever did what an event tells of. */
export interface Deed {
  readonly actor: Actor;
  /** The username of that identity; the system has none. */
  readonly actorName?: string | undefined;
}

/** What every step of an access request tells. */
interface AccessStep extends Deed {
  /** The access request's id. */
  readonly request: string;
  /** For whom the access is. */
  readonly subject: SubjectId;
  readonly namespace: string;
  /** What was offered, by its name in the namespace. */
  readonly offer: string;
}

/** What is done to a user. */
interface UserStep extends Deed {
  /** Where the id's issuer ends and its subject begins, no id tells. */
  readonly issuer: string;
  readonly subject: SubjectId;
  /** In the words of whoever did it. */
  readonly reason: string;
}

/** Why a session ended. */
export type EndReason =
  | "client-closed"
  | "upstream-closed"
  | "expired"
  | "access-over"
  | "max-duration"
  | "idle"
  | "revoked"
  | "draining"
  | "error";

/** Takes an event. Never throws; nothing that is logged decides anything. */
export type Observe = (event: Event) => void;
