import { join } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { describe } from "../command.ts";
import { print, tell } from "../terminal.ts";

/** PgBouncer's customary port: free on most machines that run PostgreSQL on 5432. */
const DEFAULT_PORT = 6432;

interface Options {
  readonly port: number;
  readonly directory: string;
}

/** `postern demo`, which is what `npm start` runs. */
export function demoCommand(): Command {
  return describe("demo", "start a real PostgreSQL with sample data, the wire door, and tokens to try", [
    "postern demo",
    "postern demo --port 7432",
  ])
    .option("-p, --port <port>", "the wire door's port; 0 picks a free one", portNumber, DEFAULT_PORT)
    .option("-d, --directory <directory>", "where the demo keeps its files", join(".postern", "demo"))
    .action(demo);
}

async function demo({ port, directory }: Options): Promise<void> {
  const { runDemo } = await import("../../demo/demo.ts");
  await runDemo({ port, directory, env: process.env, progress: tell, print });
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InvalidArgumentError("a port is 0 to 65535.");
  return port;
}
