/**
 * The server process behind a login, on this machine: whether it still runs, and how it is ended. Linux only, as
 * /proc is; elsewhere no process is found.
 */
import { readFileSync } from "node:fs";

export interface ServerProcess {
  readonly pid: number;
  /** Clock ticks from the machine's start to the process's: with the pid, one process and no later one. */
  readonly startedAt: string;
}

/** What PostgreSQL's processes are called (PostgreSQL docs, "Standard Unix Tools"). */
const NAME = "postgres";

/** The server process of this id; undefined when there is none, or it is another program's. */
export function findServerProcess(pid: number): ServerProcess | undefined {
  const stat = statOf(pid);
  return stat?.name === NAME && stat.running ? { pid, startedAt: stat.startedAt } : undefined;
}

export function isRunning({ pid, startedAt }: ServerProcess): boolean {
  return findServerProcess(pid)?.startedAt === startedAt;
}

/** Ends it as pg_terminate_backend does. Returns whether it was told, or is gone. */
export function terminate(process_: ServerProcess): boolean {
  if (!isRunning(process_)) return true;
  try {
    process.kill(process_.pid, "SIGTERM");
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

/** Of proc(5), `/proc/<pid>/stat`: the name stands in brackets and may hold anything, brackets too. */
function statOf(pid: number) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = text.lastIndexOf(")");
    const [state = "", ...fields] = text.slice(end + 2).split(" ");
    return {
      name: text.slice(text.indexOf("(") + 1, end),
      running: state !== "Z" && state !== "X",
      startedAt: fields[18] ?? "", // field 22 of all, and state is the third
    };
  } catch {
    return undefined;
  }
}
