import { join, resolve } from "node:path";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { describe } from "../command.ts";
import { serve } from "../serve.ts";
import { print, tell } from "../terminal.ts";

/** PgBouncer's customary port: free on most machines that run PostgreSQL on 5432. */
const DEFAULT_PORT = 6432;

/** PostgREST's port. */
const DEFAULT_REST_PORT = 3000;

/** The control door's. */
const DEFAULT_ADMIN_PORT = 9187;

interface Options {
  readonly port: number;
  readonly restPort: number;
  readonly adminPort: number;
  readonly directory: string;
}

/** `postern demo`, which is what `npm start` runs. */
export function demoCommand(): Command {
  return describe("demo", "start a real PostgreSQL with sample data, both doors, and tokens to try", [
    "postern demo",
    "postern demo --port 7432 --directory demo",
  ])
    .option("-p, --port <port>", "the wire door's port; 0 picks a free one", portNumber, DEFAULT_PORT)
    .option("--rest-port <port>", "the REST door's port; 0 picks a free one", portNumber, DEFAULT_REST_PORT)
    .option(
      "--admin-port <port>",
      "the control door's port; 0 picks a free one",
      portNumber,
      DEFAULT_ADMIN_PORT,
    )
    .option("-d, --directory <directory>", "where the demo keeps its files", join(".postern", "demo"))
    .action(demo);
}

async function demo({ directory, ...ports }: Options): Promise<void> {
  const { runDemo } = await import("../../demo/demo.ts");
  // PostgreSQL's programs run in a directory of their own, where a relative path would lead elsewhere.
  const options = { ...ports, directory: resolve(directory), env: process.env, progress: tell, print };
  await serve(runDemo(options), (taken) => optionOf(taken, ports));
}

/** The option that names a port. */
function optionOf(taken: number, { restPort, adminPort }: Omit<Options, "directory">): string {
  if (taken === adminPort) return "--admin-port";
  return taken === restPort ? "--rest-port" : "--port";
}

function portNumber(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  return port;
}
