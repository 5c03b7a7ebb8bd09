/** What the command line does with a ledger, beside the daemon that writes it. */
import { existsSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { filesOf } from "../audit/ledger/file-names.ts";
import type { Line } from "../audit/ledger/lines.ts";
import { readLines } from "../audit/ledger/lines.ts";
import type { LedgerRecord, NoRecord } from "../audit/ledger/record.ts";
import { isFault, readRecord } from "../audit/ledger/record.ts";
import type { LedgerRange } from "../audit/ledger/table.ts";
import { systemClock } from "../base/clock.ts";
import type { Config, StoreConfig } from "../config/schema.ts";
import { StoredLedger } from "../store/ledger.ts";
import { createStore } from "../store/store.ts";
import { storeRunning } from "./own-store.ts";

export type { SignedCheckpoint } from "../audit/ledger/audited.ts";
export { readCheckpoint } from "../audit/ledger/checkpoint.ts";
export { csvHead, csvLine } from "../audit/ledger/csv.ts";
export type { Line } from "../audit/ledger/lines.ts";
export type { Query } from "../audit/ledger/query.ts";
export { matcherOf } from "../audit/ledger/query.ts";
export type { LedgerRecord } from "../audit/ledger/record.ts";
export { recordText } from "../audit/ledger/record-text.ts";
export { makeSigningKey, openSigningKey, publicPem, readPublicKey } from "../audit/ledger/signing-key.ts";
export type { Verdict } from "../audit/ledger/verdict.ts";
export { verifyLedger } from "../audit/ledger/verify.ts";

/** A ledger that can be read. */
export interface LedgerSource {
  /** For messages. */
  readonly name: string;
  /** Everything that is there now, chain by chain in its order. */
  lines(): AsyncIterable<Line>;
  /** What comes from now on, until `signal` is aborted. */
  follow(signal: AbortSignal): AsyncIterable<Line>;
}

/** The ledger in a file, with what was put aside and the files of workers. @returns why there is none, as text */
export function fileSource(file: string): LedgerSource | string {
  if (!existsSync(file) && filesOrNone(file).length === 0)
    return `there is no ledger "${file}"; check the path, or start Postern with audit.sink`;
  return {
    name: file,
    lines: () => readLines(filesOf(file)),
    follow: (signal) => followFiles(file, signal),
  };
}

function filesOrNone(file: string): readonly string[] {
  try {
    return filesOf(file);
  } catch {
    return [];
  }
}

/** The ledger of a configuration. @returns why there is none, as text */
export function configuredSource(config: Config): LedgerSource | string {
  const { audit, store } = config;
  if (audit === undefined) return "the configuration has no ledger; add audit.sink, or name one with --file";
  if (audit.sink.kind === "none")
    return "the configuration keeps no ledger (audit.sink is none); read it where it is forwarded to";
  if (audit.sink.kind === "file") return fileSource(audit.sink.path);
  return store === undefined ? "the configuration has no store; set store.url" : storeSource(config, store);
}

function storeSource(config: Config, store: StoreConfig): LedgerSource {
  return {
    name: "the store",
    lines: () => linesWithStore(config, store),
    follow: (signal) => followStore(store, Date.now(), signal),
  };
}

/** Postern need not run for its ledger to be read. */
async function* linesWithStore(config: Config, store: StoreConfig): AsyncIterable<Line> {
  const own = await storeRunning(config);
  try {
    yield* linesInStore(store, {});
  } finally {
    await own?.stop();
  }
}

async function* linesInStore(config: StoreConfig, range: LedgerRange): AsyncIterable<Line> {
  const store = createStore(config, { clock: systemClock, observe: () => {} });
  try {
    let row = 0;
    for await (const text of new StoredLedger(store).read(range)) {
      row += 1;
      yield { text, where: `row ${row}`, unfinished: false };
    }
  } finally {
    await store.close();
  }
}

/** Clocks of nodes differ, and records are a moment under way. */
const OVERLAP_MS = 60_000;

/** Records come again and again, until their time is over: whoever follows tells them by their numbers. */
async function* followStore(config: StoreConfig, since: number, signal: AbortSignal): AsyncIterable<Line> {
  let from = since - OVERLAP_MS;
  while (!signal.aborted) {
    const next = Date.now() - OVERLAP_MS;
    yield* linesInStore(config, { from });
    from = next;
    await pause(LOOK_MS, signal);
  }
}

/** The records among lines; the others are told and left out. */
export async function* recordsOf(
  lines: AsyncIterable<Line>,
  onFault: (line: Line, fault: NoRecord) => void,
): AsyncIterable<LedgerRecord> {
  for await (const line of lines) {
    const read = readRecord(line.text);
    if (!isFault(read)) yield read;
    else if (!line.unfinished) onFault(line, read);
  }
}

/** How often files are looked at for more. */
const LOOK_MS = 300;
const NEWLINE = 0x0a;

/** What is appended to the files of a ledger from now on, which is when this is called. */
function followFiles(file: string, signal: AbortSignal): AsyncIterable<Line> {
  const read = new Map(filesOf(file).map((name) => [statSync(name).ino, statSync(name).size]));
  return linesBehind(file, read, signal);
}

async function* linesBehind(
  file: string,
  read: Map<number, number>,
  signal: AbortSignal,
): AsyncIterable<Line> {
  while (!signal.aborted) {
    for (const name of filesOf(file)) yield* newLines(name, read);
    await pause(LOOK_MS, signal);
  }
}

/** @param read inode → how far that file was read; a file keeps its inode when it is put aside */
async function* newLines(name: string, read: Map<number, number>): AsyncIterable<Line> {
  const handle = await open(name);
  try {
    const { ino, size } = await handle.stat();
    const from = read.get(ino) ?? 0;
    if (size <= from) return;
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    const whole = bytes.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1;
    read.set(ino, from + whole);
    const texts = bytes.toString("utf8", 0, whole).split("\n").slice(0, -1);
    for (const text of texts) yield { text, where: name, unfinished: false };
  } finally {
    await handle.close();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
