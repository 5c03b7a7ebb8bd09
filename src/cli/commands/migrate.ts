import type { Command } from "commander";
import { messageOf } from "../../base/error.ts";
import { configOption, describe, jsonOption } from "../command.ts";
import { accepted, withWarnings } from "../configuration.ts";
import { Failure } from "../failure.ts";
import { print, printJson } from "../terminal.ts";

interface Options {
  readonly config: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `postern migrate`: brings the store's tables up to date, as a start does unless it was told not to. */
export function migrateCommand(): Command {
  return describe("migrate", "bring the tables of Postern's own store up to date", [
    "postern migrate --dry-run",
    "postern migrate --config postern.yaml",
  ])
    .addOption(configOption())
    .option("--dry-run", "tell what would be done, and do nothing")
    .addOption(jsonOption())
    .action(migrate);
}

async function migrate({ config: file, dryRun = false, json }: Options): Promise<void> {
  const { loadConfig } = await import("../../config/load.ts");
  const { config } = accepted(withWarnings(loadConfig({ file, env: process.env })));
  const { migrateStore } = await import("../../daemon/migrate-store.ts");
  const migrated = await migrateStore(config, dryRun).catch((error: unknown) => {
    throw new Failure(`${file}: store: ${messageOf(error)}`, 1, { cause: error });
  });
  if (json === true) return printJson({ ...migrated, dryRun });
  const { applied, version } = migrated;
  for (const step of applied) print(`${dryRun ? "would apply" : "applied"} ${step.version}: ${step.name}`);
  if (applied.length === 0) print(`up to date: version ${version}`);
}
