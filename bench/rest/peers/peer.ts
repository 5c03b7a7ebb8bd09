import type { Bed } from "../bed.ts";
import type { Case } from "../cases.ts";

/** One reading of one peer. */
export interface Reading {
  readonly perSecond: number;
  /** Undefined where the client does not say. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** CPU microseconds of the peer per request; undefined where there is none between. */
  readonly cpuMicros: number | undefined;
  /** Resident memory afterwards. */
  readonly residentMb: number | undefined;
}

/** What peers are run with. */
export interface Bench {
  readonly bed: Bed;
  readonly clients: number;
  /** A token a line: one or a few that come again and again, and many of which each comes once. */
  readonly tokenFiles: { readonly one: string; readonly few: string; readonly many: string };
  /** Aborted when the benchmark is stopped. */
  readonly signal: AbortSignal;
}

/** A peer that is up. */
export interface RunningPeer extends AsyncDisposable {
  /** Sees that a case is answered rightly. @throws Error with the answer */
  check(which: Case): Promise<void>;
  /** Puts it under load for so long. */
  load(which: Case, seconds: number): Promise<Reading>;
}

export interface Peer {
  readonly name: string;
  /** What to install; undefined when everything is there. */
  missing(): string | undefined;
  /** Starts it for some cases, of which either all or none may remember tokens. */
  start(bench: Bench, cases: readonly Case[]): Promise<RunningPeer>;
}
