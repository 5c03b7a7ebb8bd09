import { LOGIN_VARIANTS, PEERS } from "../peers/all.ts";
import { pgbench } from "../pgbench.ts";
import type { Measure } from "./measure.ts";

/** A new connection for each transaction. */
const CONNECT = ["-C"];
const WARM_UP = { clients: 8, seconds: 2, options: CONNECT };

/** Connection set-up over TLS: TCP, TLS, authentication, one query, the end. */
export const logins: Measure = {
  name: "logins",
  title: "Connection set-up (pgbench -C -S)",
  unit: "logins/s",
  costUnit: "CPU ms/login",
  legs: ["tls"],
  peers: [...PEERS, ...LOGIN_VARIANTS],
  cases: ["1 client", "8 clients"],
  lifetime: "all rounds",
  warmUp: async (bench, peer, legs) => void (await pgbench(bench, peer, legs, WARM_UP)),
  read: async (bench, peer, legs, which) => {
    const { seconds } = bench.settings;
    const run = { clients: Number.parseInt(which, 10), seconds, options: CONNECT };
    const { transactions, perSecond, cpu } = await pgbench(bench, peer, legs, run);
    return { value: perSecond, cost: cpu === undefined ? undefined : (cpu / transactions) * 1_000 };
  },
};
