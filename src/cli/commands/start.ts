import type { Command } from "commander";
import { configOption, describe } from "../command.ts";
import { accepted, withWarnings } from "../configuration.ts";
import { serve, tellOpen } from "../serve.ts";

/** `postern start`: opens the doors and runs until SIGTERM or SIGINT. */
export function startCommand(): Command {
  return describe("start", "open the doors; reload on SIGHUP and on changes; drain on SIGTERM", [
    "postern start",
    "postern start --config postern.yaml",
    "POSTERN__LOG__LEVEL=debug postern start",
  ])
    .addOption(configOption())
    .action(start);
}

async function start({ config: file }: { readonly config: string }): Promise<void> {
  const { loadConfig } = await import("../../config/load.ts");
  const load = () => withWarnings(loadConfig({ file, env: process.env }));
  const loaded = accepted(load());
  const { run } = await import("../../daemon/run.ts");
  await serve(run({ loaded, load, onOpen: tellOpen }), "doors.postgres.port");
}
