import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { eventually } from "./eventually.ts";
import type { World } from "./world.ts";

/** Sockets that a process holds, listening ones too. */
export function socketsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).filter((fd) => linkOf(`/proc/${pid}/fd/${fd}`).startsWith("socket:"))
    .length;
}

/** Memory that a process has in RAM, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

/** Server processes that clients of the gateway use, as pg_stat_activity has them. */
export async function backends(world: World): Promise<{ readonly pid: number; readonly state: string }[]> {
  const rows = await world.postgres.query(
    `SELECT pid, state FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender')
     AND usename <> 'test_admin'`,
  );
  return rows.map(({ pid, state }) => ({ pid: Number(pid), state: String(state) }));
}

/** What a gateway holds when nobody is connected. */
export interface Baseline {
  /** Nothing is left of what went before: no socket, no server process. */
  settled(): Promise<void>;
  /** A fresh good login works, and nothing is left of anything. */
  holds(): Promise<void>;
}

/** Takes the gateway's measure while nobody is connected. */
export async function baseline(world: World): Promise<Baseline> {
  await world.freshLoginWorks(); // what is opened once and kept belongs to the measure
  await eventually("no server process is left", async () => (await backends(world)).length === 0);
  const { pid } = world.gateway;
  let sockets = socketsOf(pid);
  await eventually("the gateway's sockets settle", () => {
    const before = sockets;
    sockets = socketsOf(pid);
    return sockets === before;
  });
  const settled = async () => {
    await eventually(`the gateway is back at ${sockets} sockets`, () => socketsOf(pid) <= sockets);
    await eventually("no server process is left", async () => (await backends(world)).length === 0);
  };
  const holds = async () => {
    await world.freshLoginWorks();
    await settled();
  };
  return { settled, holds };
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ""; // closed between the look and the read
  }
}
