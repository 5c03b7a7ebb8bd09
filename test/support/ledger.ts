import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { SignedCheckpoint } from "../../src/audit/ledger/audited.ts";
import { canonicalJson } from "../../src/audit/ledger/canonical.ts";
import { keyId, readCheckpoint } from "../../src/audit/ledger/checkpoint.ts";
import { FileSink } from "../../src/audit/ledger/file-sink.ts";
import type { LedgerParts } from "../../src/audit/ledger/ledger.ts";
import { Ledger } from "../../src/audit/ledger/ledger.ts";
import type { Line } from "../../src/audit/ledger/lines.ts";
import type { LedgerRecord, RecordedEvent, SealedRecord, Tail } from "../../src/audit/ledger/record.ts";
import { isFault, noticeIn, readRecord, sealText } from "../../src/audit/ledger/record.ts";
import type { Signer } from "../../src/audit/ledger/signing-key.ts";
import type { Found, Sink } from "../../src/audit/ledger/sink.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Event } from "../../src/base/event.ts";

/** A sink in memory that fails when it is told to. */
export class MemorySink implements Sink {
  readonly name = "memory";
  readonly records: SealedRecord[] = [];
  /** How many records each write had. */
  readonly writes: number[] = [];
  /** Thrown by the next writes. */
  failure: Error | undefined;
  /** Whether a failed write has kept its records all the same, as a database does whose answer is lost. */
  keepsFailed = false;
  /** Held writes wait for it. */
  held: Promise<void> | undefined;
  closed = false;

  async open(): Promise<Found> {
    return { tail: this.records.at(-1), cut: undefined };
  }

  async write(records: readonly SealedRecord[]): Promise<void> {
    await this.held;
    if (this.failure === undefined || this.keepsFailed) this.records.push(...records);
    if (this.failure !== undefined) throw this.failure;
    this.writes.push(records.length);
  }

  async recover(confirmed: Tail): Promise<Tail> {
    return this.records.at(-1) ?? confirmed;
  }

  async recorded(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(ids.filter((id) => this.lines.some((line) => noticeIn(line) === id)));
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  get lines(): readonly string[] {
    return this.records.map(({ line }) => line);
  }
}

export function openLedger(sink: Sink, more: Partial<LedgerParts> = {}): Promise<Ledger> {
  return Ledger.open({
    node: "gw1",
    sink,
    forwards: [],
    signer: undefined,
    checkpoint: { records: 1000, interval: 300_000 },
    clock: systemClock,
    observe: () => {},
    ...more,
  });
}

/** A place for a ledger's files. */
export function ledgerFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "postern-ledger-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "audit.jsonl");
}

export function fileSink(path: string, more: { rotateSize?: number; rotateAge?: number } = {}): FileSink {
  return new FileSink({ path, rotateSize: 2 ** 40, rotateAge: undefined, ...more }, systemClock);
}

export function linesIn(file: string): string[] {
  return readFileSync(file, "utf8").split("\n").slice(0, -1);
}

/** An event that is told apart from others by its source. */
export function loaded(source: string): Event {
  return { event: "config.loaded.v1", source };
}

/** A key for checkpoints. */
export function newSigner(): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { privateKey, publicKey, id: keyId(publicKey) };
}

/** The lines of a chain of one record for each source, with a checkpoint after each so many records. */
export async function chainLines(
  sources: readonly string[],
  { signer, every = 5, node = "gw1" }: { signer?: Signer; every?: number; node?: string } = {},
): Promise<readonly string[]> {
  const sink = new MemorySink();
  const ledger = await openLedger(sink, { node, signer, checkpoint: { records: every, interval: 300_000 } });
  for (const source of sources) await ledger.append(loaded(source));
  await ledger.close();
  return sink.lines;
}

/** Lines as they would come out of a file. */
export function asLines(lines: readonly string[]): Line[] {
  return lines.map((text, index) => ({ text, where: `audit.jsonl:${index + 1}`, unfinished: false }));
}

/** A record that is sound by itself. */
export function recordOf(line: string | undefined): LedgerRecord {
  const read = readRecord(line ?? "");
  if (isFault(read)) throw new Error(`${read.fault}: ${line}`);
  return read;
}

/** The checkpoints in a chain, as somebody elsewhere would hold them. */
export function checkpointsIn(lines: readonly string[]): SignedCheckpoint[] {
  return lines
    .map((line) => recordOf(line).event)
    .filter(({ event }) => event === "ledger.checkpoint.v1")
    .flatMap((event) => readCheckpoint(event) ?? []);
}

/** What a forger does who can write to the file: seals events anew, one behind the other, behind `after`. */
export function sealAgain(events: readonly RecordedEvent[], after: Tail): string[] {
  let tail = after;
  return events.map((event) => {
    const sealed = sealText(canonicalJson(event), tail.time, tail);
    tail = sealed;
    return sealed.line;
  });
}
