import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { stringify } from "yaml";
import { PATIENCE_MS } from "./eventually.ts";

const BIN = resolve(import.meta.dirname, "../../bin/postern");

/** One line of the gateway's JSON log. */
export type LogLine = { readonly event?: string; readonly [field: string]: unknown };

export interface Gateway {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly host: "127.0.0.1";
  /** The wire door's port. */
  readonly port: number;
  /** Where its configuration is; write it anew and send SIGHUP to reload. */
  readonly configFile: string;
  readonly directory: string;
  /** Everything that it logged so far. */
  readonly log: readonly LogLine[];
  /** What it wrote, as text: for tests that look for secrets. */
  readonly output: () => string;
  /** Resolves with the next log line (or one that is there already) for which `which` holds. */
  logged(which: (line: LogLine) => boolean): Promise<LogLine>;
  /** Writes another configuration; the gateway sees it by itself. */
  configure(config: unknown): void;
  /** Writes another configuration and resolves when it is in force. */
  reconfigure(config: unknown): Promise<void>;
  /** Resolves with its exit code when it has ended and all that it wrote was read. */
  readonly ended: Promise<number | null>;
  /** Sends SIGTERM (or another signal) and resolves as `ended` does. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface GatewayOptions {
  /** `start` by default. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** This checkout's by default. */
  readonly bin?: string;
  /** The door that is waited for, and whose port it is; by default the first that opens. */
  readonly waitFor?: "postgres";
}

/** Puts a file in the place of another, so that whoever reads it meanwhile finds the whole of one of them. */
export function replace(file: string, text: string | Uint8Array): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/**
 * Starts the gateway as a process through bin/postern, on the runtime that POSTERN_RUNTIME names, and waits until its
 * wire door is open.
 */
export async function startGateway(config: unknown, options: GatewayOptions = {}): Promise<Gateway> {
  const directory = mkdtempSync(join(tmpdir(), "postern-gateway-"));
  const configFile = join(directory, "postern.yaml");
  const configure = (value: unknown) =>
    replace(configFile, typeof value === "string" ? value : stringify(value));
  configure(config);
  const command = options.command ?? ["start", "--config", configFile];
  const child = spawn(options.bin ?? BIN, command, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  const log: LogLine[] = [];
  let text = "";
  const waiting = new Set<() => void>();
  const take = (line: string) => {
    text += `${line}\n`;
    if (line.startsWith("{")) log.push(JSON.parse(line) as LogLine);
    for (const look of waiting) look();
  };
  createInterface({ input: child.stderr }).on("line", take);
  createInterface({ input: child.stdout }).on("line", take);
  // Not "exit": what it wrote last may still be in the pipe then.
  const ended = new Promise<number | null>((done) => child.once("close", (code) => done(code)));
  const cut = () => child.kill("SIGKILL");
  process.once("exit", cut);

  const logged = (which: (line: LogLine) => boolean) =>
    new Promise<LogLine>((done, fail) => {
      const finish = () => {
        clearTimeout(timer);
        waiting.delete(look);
      };
      const look = () => {
        const found = log.find(which);
        if (found === undefined) return;
        finish();
        done(found);
      };
      const timer = setTimeout(() => {
        finish();
        fail(new Error(`the gateway did not log what was waited for; it wrote:\n${text}`));
      }, PATIENCE_MS);
      void ended.then((code) => {
        finish();
        fail(new Error(`the gateway ended with code ${code}; it wrote:\n${text}`));
      });
      waiting.add(look);
      look();
    });

  // A reload that was under way may have read the configuration before, so the second one counts.
  const reconfigure = async (value: unknown) => {
    configure(value);
    for (let reload = 0; reload < 2; reload++) {
      const seen = new Set(log);
      child.kill("SIGHUP");
      await logged((line) => line.event === "config.loaded.v1" && !seen.has(line));
    }
  };

  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    const code = await ended;
    process.removeListener("exit", cut);
    rmSync(directory, { recursive: true, force: true });
    return code;
  };

  try {
    const { waitFor } = options;
    const opened = await logged(
      (line) => line.event === "door.opened.v1" && (waitFor === undefined || line["door"] === waitFor),
    );
    return {
      process: child,
      pid: child.pid ?? 0,
      host: "127.0.0.1",
      port: Number(opened["port"]),
      configFile,
      directory,
      log,
      output: () => text,
      logged,
      configure,
      reconfigure,
      ended,
      stop,
    };
  } catch (error) {
    child.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}
