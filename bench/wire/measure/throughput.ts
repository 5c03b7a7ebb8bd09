import { AUDITED, PEERS, TWO_WORKERS } from "../peers/all.ts";
import type { Legs, RunningPeer } from "../peers/peer.ts";
import { pgbench } from "../pgbench.ts";
import type { Bench, Measure, Reading } from "./measure.ts";

const PREPARED = ["-M", "prepared"];
/** Long enough for a just-in-time compiler to settle. */
const WARM_UP = { clients: 8, length: { seconds: 2 }, options: PREPARED };

/** Short queries over standing sessions: what the pump costs. */
export const throughput: Measure = {
  name: "throughput",
  title: "Throughput (pgbench -S -M prepared)",
  unit: "tps",
  costUnit: "CPU s/100k",
  legs: ["tls", "plain"],
  peers: [...PEERS, ...TWO_WORKERS, ...AUDITED],
  cases: ["1 client", "8 clients", "32 clients"],
  lifetime: "all rounds",
  warmUp: async (bench, peer, legs) => void (await pgbench(bench, peer, legs, WARM_UP)),
  read: (bench, peer, legs, which) => read(bench, peer, legs, Number.parseInt(which, 10)),
};

/** pgbench leaves the logins out of its rate; a run of one transaction a client takes them out of the CPU time too. */
async function read(bench: Bench, peer: RunningPeer, legs: Legs, clients: number): Promise<Reading> {
  const { seconds } = bench.settings;
  const start = await pgbench(bench, peer, legs, { clients, length: { transactions: 1 }, options: PREPARED });
  const whole = await pgbench(bench, peer, legs, { clients, length: { seconds }, options: PREPARED });
  if (whole.cpu === undefined || start.cpu === undefined) return { value: whole.perSecond, cost: undefined };
  const counted = whole.transactions - start.transactions;
  if (counted <= 0) throw new Error("hardly more transactions than clients; give more --seconds");
  const each = Math.max(0, whole.cpu - start.cpu) / counted;
  return { value: whole.perSecond, cost: each * 100_000 };
}
