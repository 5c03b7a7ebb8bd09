import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EmbeddedPostgresError, give, type Place } from "./place.ts";

/** How long a left-over server may take to shut down before it is told to leave at once, and how often we look. */
const STOP_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 50;

/**
 * Ends a server that an earlier Postern left running in `data` because it was killed.
 * @returns the process that has the number in a left-over pid file, and is not that server
 * @throws EmbeddedPostgresError when the Postern that started it is still there
 */
export async function clearStale(data: string): Promise<number | undefined> {
  const pid = pidIn(join(data, "postmaster.pid"));
  if (pid === undefined || !alive(pid)) return undefined; // PostgreSQL itself replaces a stale pid file
  if (!servesFrom(pid, data)) return pid;
  const owner = livingOwner(data);
  if (owner !== undefined) throw new EmbeddedPostgresError("in-use", `${data} is in use by process ${owner}`);
  if (await ends(pid, "SIGINT")) return undefined;
  // A client keeps it waiting; its data is put right at the next start.
  if (await ends(pid, "SIGQUIT")) return undefined;
  throw new EmbeddedPostgresError("in-use", `PostgreSQL ${pid}, left over in ${data}, does not stop`);
}

async function ends(pid: number, signal: NodeJS.Signals): Promise<boolean> {
  process.kill(pid, signal);
  for (let waited = 0; alive(pid); waited += LOOK_EVERY_MS) {
    if (waited >= STOP_TIMEOUT_MS) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
}

const ownerFile = (data: string) => join(dirname(data), "owner.pid");

/** Notes that this process has the data. */
export function own(place: Place): void {
  give(place, ownerFile(place.data), `${process.pid} ${startOf(process.pid)}\n`);
}

/** The process that has the data, if it is still there: its number may have come to another since. */
function livingOwner(data: string): number | undefined {
  const file = ownerFile(data);
  const owner = pidIn(file);
  if (owner === undefined || !alive(owner)) return undefined;
  const [, start] = readFileSync(file, "utf8").trim().split(" ");
  return start === startOf(owner) ? owner : undefined;
}

/** When a process started, in ticks since the machine did (proc_pid_stat(5)); empty where that cannot be told. */
function startOf(pid: number): string {
  try {
    // The name, in parentheses, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ");
    return fields?.[19] ?? "";
  } catch {
    return "";
  }
}

function pidIn(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  const pid = Number.parseInt(readFileSync(file, "utf8"), 10);
  return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Whether `pid` is a server of this very directory, not a later process with the same number. */
function servesFrom(pid: number, data: string): boolean {
  const commandLine = `/proc/${pid}/cmdline`;
  return !existsSync(commandLine) || readFileSync(commandLine, "utf8").split("\0").includes(data);
}
