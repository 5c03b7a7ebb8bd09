import type { Command } from "commander";
import { configOption, describe } from "../command.ts";
import { accepted } from "../configuration.ts";
import { tell } from "../terminal.ts";

/** `postern start`: opens the doors and runs until SIGTERM or SIGINT. */
export function startCommand(): Command {
  return describe("start", "open the doors; reload on SIGHUP and on changes; drain on SIGTERM", [
    "postern start",
    "postern start --config /etc/postern/postern.yaml",
  ])
    .addOption(configOption())
    .action(start);
}

async function start({ config: file }: { readonly config: string }): Promise<void> {
  const { loadConfig } = await import("../../config/load.ts");
  const load = () => loadConfig({ file, env: process.env });
  const loaded = accepted(load());
  const { run } = await import("../../daemon/run.ts");
  await run({
    loaded,
    load,
    onOpen: ({ address }) => address && tell(`open on ${address.address}:${address.port}`),
  });
}
