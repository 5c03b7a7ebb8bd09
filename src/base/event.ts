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

/** Why a session ended. */
export type EndReason =
  | "client-closed"
  | "upstream-closed"
  | "expired"
  | "max-duration"
  | "idle"
  | "revoked"
  | "draining"
  | "error";

/** Takes an event. Never throws; nothing that is logged decides anything. */
export type Observe = (event: Event) => void;
