import type { Base } from "../summary.ts";
import { direct } from "./direct.ts";
import { haproxy } from "./haproxy.ts";
import { jwtPostgresqlProxy } from "./jwt-postgresql-proxy.ts";
import type { Peer } from "./peer.ts";
import { pgbouncer, pgbouncerFresh } from "./pgbouncer.ts";
import { postern } from "./postern.ts";

/** What ratios are made to: the peer, and the head of the column. */
export const BASES: readonly Base[] = [
  { peer: pgbouncer.name, head: "x PgB" },
  { peer: direct.name, head: "x direct" },
];

/** Everything that moves bytes in its own way. */
export const PEERS: readonly Peer[] = [
  direct,
  pgbouncer,
  haproxy,
  jwtPostgresqlProxy,
  postern("node", "cold"),
  postern("bun", "cold"),
];

/** Peers that differ from one of the above only in how they log in. */
export const LOGIN_VARIANTS: readonly Peer[] = [
  pgbouncerFresh,
  postern("node", "warm"),
  postern("bun", "warm"),
];

/** With every statement in the ledger. */
export const AUDITED: readonly Peer[] = [postern("node", "audited"), postern("bun", "audited")];

/** One more process behind the same port: for measurements of many sessions. */
export const TWO_WORKERS: readonly Peer[] = [postern("bun", "two-workers")];
