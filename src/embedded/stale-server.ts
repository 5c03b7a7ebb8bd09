import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EmbeddedPostgresError } from "./place.ts";

/** How long a left-over server may take to shut down, and how often we look. */
const STOP_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 50;

/**
 * Ends a server that an earlier Postern left running in `data` because it was killed.
 * @throws EmbeddedPostgresError when the Postern that started it is still there
 */
export async function clearStale(data: string): Promise<void> {
  const pid = pidIn(join(data, "postmaster.pid"));
  if (pid === undefined || !servesFrom(pid, data)) return; // PostgreSQL itself replaces a stale pid file
  const owner = pidIn(join(dirname(data), "owner.pid"));
  if (owner !== undefined && alive(owner)) {
    throw new EmbeddedPostgresError("in-use", `${data} is in use by process ${owner}`);
  }
  process.kill(pid, "SIGINT");
  for (let waited = 0; alive(pid); waited += LOOK_EVERY_MS) {
    if (waited >= STOP_TIMEOUT_MS) {
      throw new EmbeddedPostgresError("in-use", `PostgreSQL ${pid}, left over in ${data}, does not stop`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
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
  if (!alive(pid)) return false;
  const commandLine = `/proc/${pid}/cmdline`;
  return !existsSync(commandLine) || readFileSync(commandLine, "utf8").split("\0").includes(data);
}
