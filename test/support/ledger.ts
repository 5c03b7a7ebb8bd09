import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { FileSink } from "../../src/audit/ledger/file-sink.ts";
import type { LedgerParts } from "../../src/audit/ledger/ledger.ts";
import { Ledger } from "../../src/audit/ledger/ledger.ts";
import type { SealedRecord, Tail } from "../../src/audit/ledger/record.ts";
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
