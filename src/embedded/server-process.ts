import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { diskFull, EmbeddedPostgresError, NO_SPACE, type Place, serverEnvironment } from "./place.ts";
import { own } from "./stale-server.ts";
import { spawnAs } from "./unprivileged.ts";

/** How long a start may take: crash recovery of a small database on a slow machine. */
const START_TIMEOUT_MS = 60_000;
/** How long a fast shutdown may take before the server is told to leave at once. */
const STOP_TIMEOUT_MS = 10_000;
/** The log lines that are kept to explain a server that does not start. */
const KEPT_LOG_LINES = 20;

const READY = "database system is ready to accept connections";
const BUSY = "Address already in use";

/** A running server. */
export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the server has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Asks the server to read its files again. */
  reload(): void;
  /** Ends the server; the data directory stays. */
  stop(): Promise<void>;
}

/**
 * Starts the server on `port` and waits until it takes connections.
 * @param impostor a process that has the number in a left-over pid file, and is no server
 */
export async function startServer(
  place: Place,
  port: number,
  log: (line: string) => void,
  impostor?: number,
): Promise<ServerProcess> {
  own(place);
  const child = spawn(join(place.bin, "postgres"), ["-D", place.data, "-p", String(port)], {
    ...spawnAs(place.account),
    cwd: dirname(place.data),
    // What pg_ctl says of whoever started it: a process with that number does not hold the data (miscinit.c, CreateLockFile).
    env: { ...serverEnvironment(), ...(impostor && { PG_GRANDPARENT_PID: String(impostor) }) },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true, // Ctrl-C is for us; we end the server in order
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  await ready(child, { place, port, log });
  return {
    pid: child.pid ?? 0,
    ended,
    reload: () => void child.kill("SIGHUP"),
    stop: () => stop(child, ended),
  };
}

interface Starting {
  readonly place: Place;
  readonly port: number;
  readonly log: (line: string) => void;
}

/** Resolves when the server says that it takes connections. */
function ready(child: ChildProcess, { place, port, log }: Starting): Promise<void> {
  const kept: string[] = [];
  const fail = (why: string) => {
    const text = `${why}: ${kept.join(" | ")}`;
    if (NO_SPACE.test(text)) return diskFull(place.data);
    if (!text.includes(BUSY)) return new EmbeddedPostgresError("failed", text);
    return new EmbeddedPostgresError("port-busy", `port ${port} is in use by another program`);
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGQUIT");
      reject(fail(`PostgreSQL did not start within ${START_TIMEOUT_MS / 1000} s`));
    }, START_TIMEOUT_MS);
    let rest = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        log(line);
        kept.push(line);
        if (kept.length > KEPT_LOG_LINES) kept.shift();
        if (line.includes(READY)) {
          clearTimeout(timer);
          resolve();
        }
      }
    });
    child.once("error", reject);
    child.once("close", () => {
      clearTimeout(timer);
      reject(fail("PostgreSQL ended"));
    });
  });
}

/** Fast shutdown; immediate shutdown when that takes too long (PostgreSQL docs, "Shutting Down the Server"). */
async function stop(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGQUIT"), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}
