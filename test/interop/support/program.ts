/** Runs a suite's program and reads what it says. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { Ready } from "./toolchains.ts";

/** The longest that a program may run: its own checks give up much earlier. */
const PATIENCE_MS = 400_000;

/** One line of a program's output. */
export interface Result {
  readonly check: string;
  readonly ok: boolean;
  readonly error?: string;
  /** How a login was refused, as far as the driver tells. */
  readonly sqlstate?: string;
  readonly message?: string;
}

export interface Run {
  /** In the order of the program. */
  readonly results: readonly Result[];
  /** What else it said, for a person who looks for the reason of a failure. */
  readonly said: string;
}

/** Runs a program with the facts of the connection in its environment, and nothing else that libpq would read. */
export async function runProgram(ready: Ready, facts: Readonly<Record<string, string>>): Promise<Run> {
  const [command = "", ...args] = ready.command;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("PG"));
  const env = { ...Object.fromEntries(inherited), ...ready.env, ...facts };
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: PATIENCE_MS });
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  const lines = stdout.split("\n").filter((line) => line !== "");
  const said = [`exit ${code ?? signal}`, stderr.trim().slice(-2000)].join("\n");
  return { results: lines.map((line) => JSON.parse(line) as Result), said }; // our own programs print it
}
