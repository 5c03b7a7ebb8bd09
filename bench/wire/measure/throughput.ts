import { PEERS } from "../peers/all.ts";
import { pgbench } from "../pgbench.ts";
import type { Measure } from "./measure.ts";

const PREPARED = ["-M", "prepared"];
/** Long enough for a just-in-time compiler to settle. */
const WARM_UP = { clients: 8, seconds: 2, options: PREPARED };

/** Short queries over standing sessions: what the pump costs. */
export const throughput: Measure = {
  name: "throughput",
  title: "Throughput (pgbench -S -M prepared)",
  unit: "tps",
  costUnit: "CPU s/100k",
  legs: ["tls", "plain"],
  peers: PEERS,
  cases: ["1 client", "8 clients", "32 clients"],
  lifetime: "all rounds",
  warmUp: async (bench, peer, legs) => void (await pgbench(bench, peer, legs, WARM_UP)),
  read: async (bench, peer, legs, which) => {
    const { seconds } = bench.settings;
    const run = { clients: Number.parseInt(which, 10), seconds, options: PREPARED };
    const { transactions, perSecond, cpu } = await pgbench(bench, peer, legs, run);
    return { value: perSecond, cost: cpu === undefined ? undefined : (cpu / transactions) * 100_000 };
  },
};
