import type { Event } from "../../base/event.ts";

/**
 * Which events belong in the ledger. Total: a new event must say. What only tells how the machine is doing stays in the
 * log; so does the noise of strangers, of which the ledger has the number (log.suppressed.v1) and not every line.
 */
export const AUDITED = {
  "door.opened.v1": false,
  "door.closed.v1": false,
  "connection.refused.v1": false, // nobody asked for anything yet
  "login.allowed.v1": true,
  "login.denied.v1": true,
  "session.started.v1": true,
  "session.ended.v1": true,
  "request.v1": true,
  "query.v1": false, // statement.v1 is the ledger's
  "statement.v1": true,
  "policy.changed.v1": true,
  "policy.loaded.v1": false, // every node reads it; policy.changed.v1 says who changed what
  "policy.failed.v1": false,
  "access.requested.v1": true,
  "access.approved.v1": true,
  "access.denied.v1": true,
  "access.withdrawn.v1": true,
  "access.expired.v1": true,
  "access.voided.v1": true,
  "access.reviewed.v1": true,
  "grant.started.v1": true,
  "grant.used.v1": true,
  "grant.spent.v1": true,
  "grant.ended.v1": true,
  "webhook.failed.v1": false, // what it was about is in the ledger already
  "token.created.v1": true,
  "token.revoked.v1": true,
  "user.disabled.v1": true,
  "user.enabled.v1": true,
  "operator.acted.v1": true,
  "audit.failed.v1": false, // it cannot be written just then; ledger.lost.v1 follows when it can
  "audit.recovered.v1": false,
  "upstream.failed.v1": false,
  "upstream.state.v1": false,
  "store.state.v1": false,
  "store.server.v1": false,
  "cancel.v1": false,
  "keys.loaded.v1": true, // whom Postern trusts from here on
  "keys.failed.v1": false,
  "keys.skipped.v1": false,
  "config.loaded.v1": true,
  "config.refused.v1": true,
  "catalog.loaded.v1": false,
  "catalog.failed.v1": false,
  "tls.loaded.v1": true,
  "log.suppressed.v1": true,
  "drain.started.v1": true,
  "drain.ended.v1": true,
  "worker.started.v1": true,
  "worker.died.v1": true,
} as const satisfies Readonly<Record<Event["event"], boolean>>;

type AuditedKind = {
  [K in Event["event"]]: (typeof AUDITED)[K] extends true ? K : never;
}[Event["event"]];

/** An event that belongs in the ledger. */
export type AuditedEvent = Extract<Event, { readonly event: AuditedKind }>;

export function isAudited(event: Event): event is AuditedEvent {
  return AUDITED[event.event];
}

/** What the ledger says of itself. */
export type LedgerEvent =
  | {
      /** The first record of a chain. */
      readonly event: "ledger.begun.v1";
      /** The record that was the last one here before, of another chain. */
      readonly after: { readonly node: string; readonly seq: number; readonly hash: string } | undefined;
    }
  | {
      /** Postern was started anew, and goes on with the chain. */
      readonly event: "ledger.resumed.v1";
      /** Of a record that was being written when the machine or the process died; nobody was told that it is safe. */
      readonly cutBytes: number;
      readonly cutHash: string | undefined;
    }
  | {
      /** Events that best effort did not get recorded. */
      readonly event: "ledger.lost.v1";
      readonly events: number;
    }
  | {
      /** The clock went back; the order of the records is that of their numbers, not of their times. */
      readonly event: "ledger.clock-stepped.v1";
      readonly backMs: number;
    }
  | ({ readonly event: "ledger.checkpoint.v1" } & SignedCheckpoint)
  /** Postern was stopped, and not killed. */
  | { readonly event: "ledger.closed.v1" };

/** The state of a chain at one of its records. */
export interface Checkpoint {
  readonly node: string;
  readonly seq: number;
  readonly hash: string;
  /** ISO 8601, when it was signed. */
  readonly time: string;
}

export interface SignedCheckpoint extends Checkpoint {
  /** Which key: the first 16 hex digits of the SHA-256 of its raw public half. It tells keys apart and proves nothing. */
  readonly key: string;
  /** Base64 of the Ed25519 signature (RFC 8032). */
  readonly signature: string;
}

/** Everything that can be in the ledger, in one closed union. */
export type AuditEvent = AuditedEvent | LedgerEvent;
