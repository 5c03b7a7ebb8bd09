import { closeSync, openSync } from "node:fs";
import { postgresProgram } from "../../support/postgres-program.ts";
import { run } from "../../support/program.ts";
import { cpuSeconds } from "../../support/usage.ts";
import { DATABASE } from "../bed.ts";
import { libpqEnvironment } from "../client.ts";
import { COPY_BYTES, copyFile } from "../data.ts";
import { PEERS } from "../peers/all.ts";
import type { Legs, RunningPeer } from "../peers/peer.ts";
import type { Bench, Measure } from "./measure.ts";

const OUT = "COPY big TO STDOUT";
const IN = "COPY sink FROM STDIN";
const MEGABYTE = 1_000_000;
const GIGABYTE = 1_000_000_000;

/** One stream of 200 MB, with the login that precedes it. */
export const copy: Measure = {
  name: "copy",
  title: "COPY of 200 MB (psql, one session)",
  unit: "MB/s",
  costUnit: "CPU s/GB",
  legs: ["tls", "plain"],
  peers: PEERS,
  cases: ["out", "in"],
  lifetime: "all rounds",
  warmUp: (bench, peer, legs) => copyOut(bench, peer, legs),
  read: async (bench, peer, legs, which) => {
    if (which === "in") await bench.bed.postgres.query("TRUNCATE sink", DATABASE);
    const before = cpuSeconds(peer.pids);
    const start = performance.now();
    await (which === "in" ? copyIn(bench, peer, legs) : copyOut(bench, peer, legs));
    const seconds = (performance.now() - start) / 1000;
    const cpu = cpuSeconds(peer.pids) - before;
    return {
      value: COPY_BYTES / MEGABYTE / seconds,
      cost: peer.pids.length === 0 ? undefined : cpu / (COPY_BYTES / GIGABYTE),
    };
  },
};

async function copyOut({ bed, signal }: Bench, peer: RunningPeer, legs: Legs): Promise<void> {
  const env = libpqEnvironment(bed, legs, peer);
  await run(postgresProgram("psql"), ["-Xqc", OUT], { env, signal, stdout: "ignore" });
}

async function copyIn({ bed, signal }: Bench, peer: RunningPeer, legs: Legs): Promise<void> {
  const stdin = openSync(copyFile(bed), "r");
  try {
    const env = libpqEnvironment(bed, legs, peer);
    await run(postgresProgram("psql"), ["-Xqc", IN], { env, signal, stdin });
  } finally {
    closeSync(stdin);
  }
}
