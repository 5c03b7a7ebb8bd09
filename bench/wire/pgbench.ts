import { postgresProgram } from "../support/postgres-program.ts";
import { run } from "../support/program.ts";
import { cpuSeconds } from "../support/usage.ts";
import { libpqEnvironment } from "./client.ts";
import type { Bench } from "./measure/measure.ts";
import type { Legs, RunningPeer } from "./peers/peer.ts";

export interface PgbenchResult {
  readonly transactions: number;
  readonly perSecond: number;
  /** CPU seconds of the peer while it ran; undefined for PostgreSQL itself. */
  readonly cpu: number | undefined;
}

export interface PgbenchRun {
  readonly clients: number;
  /** So many seconds, or so many transactions of each client. */
  readonly length: { readonly seconds: number } | { readonly transactions: number };
  /** Besides `-n -S`. */
  readonly options: readonly string[];
}

/** Runs `pgbench -S` through a peer. One thread (-j 1) at every width, so that pgbench takes one core at most. */
export async function pgbench(
  { bed, signal }: Bench,
  peer: RunningPeer,
  legs: Legs,
  { clients, length, options }: PgbenchRun,
): Promise<PgbenchResult> {
  const args = ["-n", "-S", "-c", String(clients), "-j", "1", ...limit(length), ...options];
  const before = cpuSeconds(peer.pids);
  const output = await run(postgresProgram("pgbench"), args, {
    env: libpqEnvironment(bed, legs, peer),
    signal,
  });
  const cpu = peer.pids.length === 0 ? undefined : cpuSeconds(peer.pids) - before;
  const failed = number(output, /number of failed transactions: (\d+)/);
  if (failed > 0) throw new Error(`${failed} transactions failed`);
  const transactions = number(output, /number of transactions actually processed: (\d+)/);
  if (transactions === 0) throw new Error("no transaction ended in time; give more --seconds");
  return {
    transactions,
    perSecond: number(output, /^tps = ([\d.]+)/m),
    cpu,
  };
}

function limit(length: PgbenchRun["length"]): readonly string[] {
  return "seconds" in length ? ["-T", String(length.seconds)] : ["-t", String(length.transactions)];
}

function number(output: string, pattern: RegExp): number {
  const text = pattern.exec(output)?.[1];
  if (text === undefined) throw new Error(`pgbench wrote no ${pattern.source}: ${output}`);
  return Number(text);
}
