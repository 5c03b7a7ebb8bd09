import { ceiling, ceilingWithCleanUp } from "./ceiling.ts";
import type { Peer } from "./peer.ts";
import { postern } from "./postern.ts";
import { postgraphile } from "./postgraphile.ts";

/** Postern with one process, and with one for each of two processors. */
export const POSTERNS: readonly Peer[] = [
  postern("bun", 1),
  postern("node", 1),
  postern("bun", 2),
  postern("node", 2),
];

export const PEERS: readonly Peer[] = [ceiling, ceilingWithCleanUp, ...POSTERNS, postgraphile];

/** What ratios are made to: the peer, and the head of the column. */
export const BASES = [
  { peer: ceiling.name, head: "x ceiling" },
  { peer: ceilingWithCleanUp.name, head: "x +clean" },
] as const;

/** Who should be here and is not, and why. */
export const LEFT_OUT =
  "pREST is left out: its Go module could not be had where this benchmark was made, so nothing was tried with it";
