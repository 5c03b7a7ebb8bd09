/** Child processes: programs that run to their end, and daemons that run until they are stopped by their pid. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Account, spawnAs } from "../../src/embedded/unprivileged.ts";

/** How long a daemon may take to end after SIGTERM. */
const STOP_TIMEOUT_MS = 5_000;
/** The end of a daemon's log that is shown when it fails. */
const SHOWN_LOG = 1_500;

export interface ProgramOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** A file descriptor to read from, or nothing. */
  readonly stdin?: number;
  /** Where output goes: kept and returned, thrown away, or written to this file descriptor. */
  readonly stdout?: "keep" | "ignore" | number;
}

/**
 * Runs a program to its end and returns what it wrote.
 * @throws Error with what it wrote to standard error when it fails; AbortError when the benchmark is stopped
 */
export async function run(file: string, args: readonly string[], options: ProgramOptions): Promise<string> {
  const { env, signal, stdin = "ignore", stdout = "keep" } = options;
  const child = spawn(file, args, {
    env,
    signal,
    stdio: [stdin, stdout === "keep" ? "pipe" : stdout, "pipe"],
  });
  const kept: string[] = [];
  const errors: string[] = [];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => kept.push(text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${basename(file)} failed: ${errors.join("").slice(-SHOWN_LOG)}`);
  return kept.join("");
}

export interface DaemonOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly account: Account;
  /** Gets everything that it writes. */
  readonly logFile: string;
}

/** A process that runs until it is stopped. */
export class DaemonProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #cut = () => this.#child.kill("SIGKILL");

  constructor(file: string, args: readonly string[], { env, account, logFile }: DaemonOptions) {
    const log = openSync(logFile, "w");
    this.#child = spawn(file, args, {
      ...spawnAs(account),
      env,
      stdio: ["ignore", log, log],
      detached: true, // Ctrl-C is for us; daemons are ended in order
    });
    closeSync(log);
    this.#child.on("error", () => {}); // a missing pid tells, below
    if (this.#child.pid === undefined) throw new Error(`${file} could not be started`);
    this.pid = this.#child.pid;
    this.#logFile = logFile;
    process.once("exit", this.#cut); // the last resort: nothing of ours outlives us
  }

  /** Why it ended, with the end of its log; undefined while it runs. */
  get failure(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return undefined;
    return `it ended (${signalCode ?? exitCode}): ${readFileSync(this.#logFile, "utf8").slice(-SHOWN_LOG)}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.removeListener("exit", this.#cut);
    if (this.failure !== undefined) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    const timer = setTimeout(this.#cut, STOP_TIMEOUT_MS);
    await closed;
    clearTimeout(timer);
  }
}
