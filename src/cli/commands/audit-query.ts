import type { Command } from "commander";
import { configOption, describe } from "../command.ts";
import { misuse } from "../failure.ts";
import type { Choice } from "../ledger.ts";
import { choiceOptions, faultTeller, ledgerOf, ledgerOption, progressTeller, queryOf } from "../ledger.ts";
import { print, tell } from "../terminal.ts";

interface Options extends Choice {
  readonly config: string;
  readonly file?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

/** `postern audit query`: the records that are looked for. */
export function auditQueryCommand(): Command {
  const command = describe("query", "find records by time, identity, event, cluster, session or grant", [
    "postern audit query --file audit.jsonl --event login.denied --since 2h",
    "postern audit query --file audit.jsonl --actor https://login.example.com:ada --json",
    "postern audit query --file audit.jsonl --session 5f0c6a91d2be",
  ]);
  for (const option of choiceOptions()) command.addOption(option);
  return command
    .option("--limit <number>", "stop after so many")
    .addOption(ledgerOption())
    .addOption(configOption())
    .option("--json", "print the records as they are, one JSON object a line")
    .action(query);
}

async function query(options: Options): Promise<void> {
  const { limit, json = false } = options;
  if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
    throw misuse(`--limit "${limit}" is no number of records; write 100`);
  const wanted = queryOf(options);
  const source = await ledgerOf(options);
  const { matcherOf, recordsOf, recordText } = await import("../../daemon/offline-audit.ts");
  const matches = matcherOf(wanted);
  const progress = progressTeller("records read");
  const most = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  let read = 0;
  let found = 0;
  for await (const record of recordsOf(source.lines(), faultTeller())) {
    read += 1;
    progress(read);
    if (!matches(record)) continue;
    print(json ? JSON.stringify(record) : recordText(record));
    found += 1;
    if (found === most) break;
  }
  if (found === 0 && !json) tell(`none of the ${read} records in ${source.name} is like that`);
}
