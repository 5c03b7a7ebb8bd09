/** What processes have used so far, from /proc (proc_pid_stat(5), proc_pid_status(5)). */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** USER_HZ: the unit of the times in /proc/<pid>/stat, 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100;
/** Fields of /proc/<pid>/stat after the program's name, which is in parentheses and may hold blanks. */
const UTIME = 11;
const STIME = 12;

/** CPU seconds, user and system, of the processes and their children. */
export function cpuSeconds(pids: readonly number[]): number {
  return family(pids).reduce((sum, pid) => sum + cpuOf(pid), 0);
}

/** Resident memory in kB of the processes and their children. */
export function residentKb(pids: readonly number[]): number {
  return family(pids).reduce((sum, pid) => sum + status(pid, "VmRSS"), 0);
}

/** The most resident memory in kB that the processes and their children had, ever or since `resetPeak`. */
export function peakKb(pids: readonly number[]): number {
  return family(pids).reduce((sum, pid) => sum + status(pid, "VmHWM"), 0);
}

/** Lets the peak begin anew from what is resident now (proc_pid_clear_refs(5): 5). */
export function resetPeak(pids: readonly number[]): void {
  for (const pid of family(pids)) writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function family(pids: readonly number[]): readonly number[] {
  return pids.flatMap((pid) => [pid, ...family(childrenOf(pid))]);
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8"))
    .flatMap((text) => text.split(" ").filter((word) => word !== ""))
    .map(Number);
}

function cpuOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_A_SECOND;
}

function status(pid: number, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1] ?? 0);
}
