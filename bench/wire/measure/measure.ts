import type { Bed } from "../bed.ts";
import type { Legs, Peer, RunningPeer } from "../peers/peer.ts";

/** What a measurement works with. */
export interface Bench {
  readonly bed: Bed;
  readonly settings: Settings;
  /** Aborted when the benchmark is stopped. */
  readonly signal: AbortSignal;
}

/** How much is measured. */
export interface Settings {
  readonly rounds: number;
  /** The length of one pgbench run. */
  readonly seconds: number;
  /** Logins before the first that counts: a gateway runs for weeks, and a compiler needs some hundred to settle. */
  readonly warmUpLogins: number;
  /** Idle sessions of the memory measurement. */
  readonly sessions: number;
}

/** One reading of one peer. */
export interface Reading {
  readonly value: number;
  /** What it cost the peer; undefined for PostgreSQL itself. */
  readonly cost: number | undefined;
}

/** A quantity that peers are compared by. */
export interface Measure {
  readonly name: string;
  readonly title: string;
  /** The unit of `value`. */
  readonly unit: string;
  /** The unit of `cost`. */
  readonly costUnit: string;
  readonly legs: readonly Legs[];
  readonly peers: readonly Peer[];
  /** The cases: so many clients, a direction. */
  readonly cases: readonly string[];
  /** Whether peers run side by side for all rounds, or one alone for each reading. */
  readonly lifetime: "all rounds" | "one reading";
  /** Brings a peer that was just started to its usual speed; not counted. */
  warmUp(bench: Bench, peer: RunningPeer, legs: Legs): Promise<void>;
  read(bench: Bench, peer: RunningPeer, legs: Legs, which: string): Promise<Reading>;
}

/** A reading with its place in the run. */
export interface Sample extends Reading {
  readonly measure: string;
  readonly legs: Legs;
  readonly case: string;
  readonly peer: string;
  readonly round: number;
}
