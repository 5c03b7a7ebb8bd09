import type { Command } from "commander";
import { configOption, describe } from "../command.ts";
import { misuse } from "../failure.ts";
import { serve, tellOpen } from "../serve.ts";
import { readWithDatabase } from "../with-database.ts";

/** The variable that sets `doors.postgres.workers`. */
const WORKERS = "POSTERN__DOORS__POSTGRES__WORKERS";

/** `postern start`: opens the doors and runs until SIGTERM or SIGINT. */
export function startCommand(): Command {
  return describe("start", "open the doors; reload on SIGHUP and on changes; drain on SIGTERM", [
    "postern start",
    "postern start --config postern.yaml",
    "postern start --workers 4",
    "POSTERN__LOG__LEVEL=debug postern start",
  ])
    .addOption(configOption())
    .option("-w, --workers <number>", "processes that share the port; overrides doors.postgres.workers")
    .action(start);
}

interface Options {
  readonly config: string;
  readonly workers?: string;
}

async function start({ config: file, workers }: Options): Promise<void> {
  const { loadConfig } = await import("../../config/load.ts");
  const env = workers === undefined ? process.env : { ...process.env, [WORKERS]: workerCount(workers) };
  const reading = await readWithDatabase(() => loadConfig({ file, env }));
  const { run } = await import("../../daemon/run.ts");
  const { rest } = reading.loaded.config.doors;
  const settingOf = (port: number) => `doors.${port === rest?.port ? "rest" : "postgres"}.port`;
  await serve(run({ ...reading, onOpen: tellOpen }), settingOf);
}

/** The schema has the bounds; here it only has to be a number, so that the message names the option. */
function workerCount(text: string): string {
  if (!/^\d{1,2}$/.test(text)) throw misuse(`--workers "${text}" is no number of processes; write 1 to 64`);
  return text;
}
