import type { Command } from "commander";
import { Option } from "commander";
import { configOption, describe } from "../command.ts";
import type { Choice } from "../ledger.ts";
import { choiceOptions, faultTeller, ledgerOf, ledgerOption, progressTeller, queryOf } from "../ledger.ts";
import { tell } from "../terminal.ts";

const FORMATS = ["jsonl", "csv"] as const;

interface Options extends Choice {
  readonly config: string;
  readonly file?: string;
  readonly format: (typeof FORMATS)[number];
}

/** `postern audit export`: records for other programs. */
export function auditExportCommand(): Command {
  const command = describe("export", "write records to standard output as JSON lines or CSV", [
    "postern audit export --file audit.jsonl --format csv > audit.csv",
    "postern audit export --file audit.jsonl --since 2026-11-01 --until 2026-12-01 > november.jsonl",
  ]);
  for (const option of choiceOptions()) command.addOption(option);
  return command
    .addOption(new Option("--format <format>", "what to write").choices(FORMATS).default("jsonl"))
    .addOption(ledgerOption())
    .addOption(configOption())
    .action(exportRecords);
}

async function exportRecords(options: Options): Promise<void> {
  const source = await ledgerOf(options);
  const { csvHead, csvLine, matcherOf, recordsOf } = await import("../../daemon/offline-audit.ts");
  const matches = matcherOf(queryOf(options));
  const csv = options.format === "csv";
  const progress = progressTeller("records written");
  let written = 0;
  if (csv) await write(csvHead);
  for await (const record of recordsOf(source.lines(), faultTeller())) {
    if (!matches(record)) continue;
    await write(csv ? csvLine(record) : `${JSON.stringify(record)}\n`);
    written += 1;
    progress(written);
  }
  tell(`${written} records`);
}

/** No faster than they are taken. */
async function write(text: string): Promise<void> {
  if (!process.stdout.write(text))
    await new Promise<void>((resolve) => process.stdout.once("drain", resolve));
}
