import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { residentKb } from "../../support/usage.ts";
import { logIn } from "../client.ts";
import { PEERS } from "../peers/all.ts";
import { direct } from "../peers/direct.ts";
import type { Legs, RunningPeer } from "../peers/peer.ts";
import type { Bench, Measure } from "./measure.ts";

/** Logins before the first look: code is loaded and compiled, the allocator has its arenas. */
const FIRST_LOGINS = 50;
/** Logins at a time; few, so that memory of the logins themselves does not stay in the figure. */
const AT_ONCE = 4;
/** How long sessions rest before the second look: runtimes give memory back late. */
const REST_MS = 6_000;

/** Resident memory that 1,000 idle sessions add, each after one query. */
export const memory: Measure = {
  name: "memory",
  title: "Resident memory of idle sessions",
  unit: "kB/session",
  costUnit: "MB in all",
  legs: ["tls"],
  peers: PEERS.filter((peer) => peer !== direct),
  cases: ["idle"],
  lifetime: "one reading",
  warmUp: async (bench, peer, legs) => close(await open(bench, peer, legs, FIRST_LOGINS)),
  read: async (bench, peer, legs) => {
    const { sessions } = bench.settings;
    const before = residentKb(peer.pids);
    const clients = await open(bench, peer, legs, sessions);
    try {
      await sleep(REST_MS, undefined, { signal: bench.signal });
      const after = residentKb(peer.pids);
      return { value: (after - before) / sessions, cost: after / 1024 };
    } finally {
      await close(clients);
    }
  },
};

async function open(
  { bed, signal }: Bench,
  peer: RunningPeer,
  legs: Legs,
  count: number,
): Promise<pg.Client[]> {
  const clients: pg.Client[] = [];
  const worker = async () => {
    for (; clients.length < count && !signal.aborted; ) clients.push(await logIn(bed, legs, peer));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  signal.throwIfAborted();
  return clients;
}

async function close(clients: readonly pg.Client[]): Promise<void> {
  await Promise.all(clients.map((client) => client.end()));
}
