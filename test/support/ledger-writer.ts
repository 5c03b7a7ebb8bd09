/**
 * A process that writes to a ledger, for tests that kill it or fill its disk. Says `ok <id>` for each event that is safe
 * and `no <id> <code>` for each that is not. With `flood` it goes on until it is killed; else it appends each id that it
 * reads, and `free <file>` deletes a file.
 */
import { unlinkSync, writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileSink, loaded, openLedger } from "./ledger.ts";

const [file = "", mode = "", prefix = ""] = process.argv.slice(2);
/** Of several pages, so that one record can be cut in the middle. */
const PADDING = "x".repeat(20_000);
/** How many events are under way at once. */
const FLOOD = 8;

const say = (text: string) => void writeSync(1, `${text}\n`); // at once: what was said must not die with the process
const ledger = await openLedger(fileSink(file));
say("open");

async function append(id: string): Promise<void> {
  await ledger.append(loaded(`${id} ${PADDING}`)).then(
    () => say(`ok ${id}`),
    (error: { readonly code?: string }) => say(`no ${id} ${error.code}`),
  );
}

async function flood(lane: number): Promise<never> {
  for (let n = 0; ; n++) await append(`${prefix}-${lane}-${n}`);
}

if (mode === "flood") for (let lane = 0; lane < FLOOD; lane++) void flood(lane);
else
  for await (const line of createInterface({ input: process.stdin })) {
    const [first = "", name = ""] = line.split(" ");
    if (first !== "free") await append(first);
    else {
      unlinkSync(name);
      say("freed");
    }
  }
