import { LOGIN_VARIANTS, PEERS, TWO_WORKERS } from "../peers/all.ts";
import { pgbench } from "../pgbench.ts";
import type { Measure } from "./measure.ts";

/** A new connection for each transaction. */
const CONNECT = ["-C"];
/** Clients of the warm-up. */
const CLIENTS = 8;

/** Connection set-up over TLS: TCP, TLS, authentication, one query, the end. */
export const logins: Measure = {
  name: "logins",
  title: "Connection set-up (pgbench -C -S)",
  unit: "logins/s",
  costUnit: "CPU ms/login",
  legs: ["tls"],
  peers: [...PEERS, ...LOGIN_VARIANTS, ...TWO_WORKERS],
  cases: ["1 client", "8 clients"],
  lifetime: "all rounds",
  warmUp: async (bench, peer, legs) => {
    const transactions = Math.ceil(bench.settings.warmUpLogins / CLIENTS);
    await pgbench(bench, peer, legs, { clients: CLIENTS, length: { transactions }, options: CONNECT });
  },
  read: async (bench, peer, legs, which) => {
    const { seconds } = bench.settings;
    const run = { clients: Number.parseInt(which, 10), length: { seconds }, options: CONNECT };
    const { transactions, perSecond, cpu } = await pgbench(bench, peer, legs, run);
    return { value: perSecond, cost: cpu === undefined ? undefined : (cpu / transactions) * 1_000 };
  },
};
