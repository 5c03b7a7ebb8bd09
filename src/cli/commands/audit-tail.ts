import type { Command } from "commander";
import type { LedgerRecord } from "../../daemon/offline-audit.ts";
import { configOption, describe } from "../command.ts";
import { misuse } from "../failure.ts";
import { faultTeller, ledgerOf, ledgerOption } from "../ledger.ts";
import { print } from "../terminal.ts";

interface Options {
  readonly config: string;
  readonly file?: string;
  readonly lines: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** `postern audit tail`: the newest records. */
export function auditTailCommand(): Command {
  return describe("tail", "show the newest records of the ledger", [
    "postern audit tail --file audit.jsonl",
    "postern audit tail --file audit.jsonl --lines 100 --json",
  ])
    .option("-n, --lines <number>", "how many records", "20")
    .option("-f, --follow", "go on with what comes, until Ctrl-C")
    .addOption(ledgerOption())
    .addOption(configOption())
    .option("--json", "print the records as they are, one JSON object a line")
    .action(tail);
}

async function tail(options: Options): Promise<void> {
  const { lines: wanted, follow = false, json = false } = options;
  if (!/^\d{1,6}$/.test(wanted)) throw misuse(`--lines "${wanted}" is no number of records; write 20`);
  const source = await ledgerOf(options);
  const { recordsOf, recordText } = await import("../../daemon/offline-audit.ts");
  const show = (record: LedgerRecord) => print(json ? JSON.stringify(record) : recordText(record));
  // Before the old ones are read, so that nothing is missed between the two.
  const coming = follow ? source.follow(interruption()) : undefined;
  const newest: LedgerRecord[] = [];
  const last = new Map<string, number>();
  const onFault = faultTeller();
  for await (const record of recordsOf(source.lines(), onFault)) {
    last.set(record.node, record.seq);
    newest.push(record);
    if (newest.length > 2 * Number(wanted)) newest.splice(0, newest.length - Number(wanted));
  }
  for (const record of inTime(newest).slice(newest.length - Math.min(newest.length, Number(wanted))))
    show(record);
  if (coming === undefined) return;
  for await (const record of recordsOf(coming, onFault)) {
    if (record.seq <= (last.get(record.node) ?? 0)) continue;
    last.set(record.node, record.seq);
    show(record);
  }
}

/** Ctrl-C ends what has no end of its own. */
function interruption(): AbortSignal {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  return interrupted.signal;
}

/** Of several chains, by the clock; of one, by its numbers. */
function inTime(records: readonly LedgerRecord[]): LedgerRecord[] {
  return records.toSorted((a, b) =>
    a.node === b.node ? a.seq - b.seq : Date.parse(a.time) - Date.parse(b.time),
  );
}
