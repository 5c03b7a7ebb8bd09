import type { SealedRecord, Tail } from "./record.ts";

/** What a sink found when it was opened. */
export interface Found {
  /** Where the chain of this node stands; none when there is no record. */
  readonly tail: Tail | undefined;
  /** What was cut off behind it, because it was being written when the process died. */
  readonly cut: { readonly bytes: number; readonly hash: string } | undefined;
}

/** Where the chain is kept: a file, or the store. What it has confirmed survives the process and the machine. */
export interface Sink {
  /** For messages: `file /var/lib/postern/audit.jsonl`. */
  readonly name: string;
  /** Called once, before anything else. */
  open(): Promise<Found>;
  /**
   * Keeps all of the records, or throws. When it throws, nothing is known of any of them, and `recover` comes before the
   * next write.
   */
  write(records: readonly SealedRecord[]): Promise<void>;
  /**
   * Puts things in order after a failure. Returns where the chain stands now: at `confirmed`, or behind it, when records
   * that nobody was told of turned out to be safe.
   */
  recover(confirmed: Tail): Promise<Tail>;
  /**
   * Which notices have their record here, of some that were made at `since` (milliseconds since the epoch) or later and are
   * still in the store.
   */
  recorded(ids: readonly string[], since: number): Promise<ReadonlySet<string>>;
  close(): Promise<void>;
}

/** Where records are sent as well. It keeps what it must keep by itself, never delays anybody, and may lose some. */
export interface Forward {
  readonly name: string;
  forward(records: readonly SealedRecord[]): void;
  /** Sends what is left, within a bounded time. */
  close(): Promise<void>;
}
