import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Observe } from "../../base/event.ts";
import type { SealedRecord } from "./record.ts";
import type { Forward } from "./sink.ts";

export interface SenderParts {
  /** For messages: `webhook https://siem.example.com/`. */
  readonly name: string;
  /** Which records are sent. */
  readonly only: "all" | "checkpoints";
  /** How many are sent at once. */
  readonly batch: number;
  /** Sends them, in their order, or throws; then all of them are sent again. */
  readonly send: (records: readonly SealedRecord[]) => Promise<void>;
  /** Gives up what `send` holds. */
  readonly close?: () => void;
  readonly clock: Clock;
  readonly observe: Observe;
}

/** Records that wait at most: a receiver that is away for longer has to be told from the ledger itself. */
const MAX_WAITING = 10_000;
const MAX_WAITING_CHARACTERS = 32 * 1024 * 1024;
/** Between two tries: twice as long each time. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;
/** The end of the process waits this long for the last of it. */
const CLOSE_MS = 5000;

/** Canonical JSON begins so for nothing else. */
const CHECKPOINT = '{"event":{"event":"ledger.checkpoint.v1",';

/**
 * Sends records elsewhere, one batch after the other, again and again until they are taken. It never keeps anybody
 * waiting: when too many wait, the oldest are left out, checkpoints last, since the ledger has them all.
 */
export class Sender implements Forward {
  readonly name: string;
  readonly #parts: SenderParts;
  readonly #waiting: SealedRecord[] = [];
  #characters = 0;
  #busy = false;
  #failing = false;
  #dropped = 0;
  #retryMs = FIRST_RETRY_MS;
  #callOffRetry: (() => void) | undefined;
  #closing = false;
  #onRest = () => {};

  constructor(parts: SenderParts) {
    this.name = parts.name;
    this.#parts = parts;
  }

  forward(records: readonly SealedRecord[]): void {
    for (const record of records) {
      if (this.#parts.only === "checkpoints" && !isCheckpoint(record)) continue;
      this.#waiting.push(record);
      this.#characters += record.line.length;
    }
    while (this.#waiting.length > MAX_WAITING || this.#characters > MAX_WAITING_CHARACTERS) this.#leaveOut();
    if (this.#callOffRetry === undefined) void this.#run();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#callOffRetry?.();
    this.#callOffRetry = undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onRest = resolve;
    const callOff = this.#parts.clock.after(CLOSE_MS, resolve);
    void this.#run();
    await promise;
    callOff();
    const left = this.#waiting.length + this.#dropped;
    if (left > 0) this.#tell(`${left} records were not sent`);
    this.#parts.close?.();
  }

  #leaveOut(): void {
    const oldest = this.#waiting.findIndex((record) => !isCheckpoint(record));
    const [record] = this.#waiting.splice(Math.max(0, oldest), 1);
    this.#characters -= record?.line.length ?? 0;
    this.#dropped += 1;
  }

  async #run(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    let works = true;
    while (works && this.#waiting.length > 0) works = await this.#sendOnce();
    this.#busy = false;
    if (this.#waiting.length === 0 || this.#closing) this.#onRest();
  }

  /** Returns whether it worked. */
  async #sendOnce(): Promise<boolean> {
    const records = this.#waiting.slice(0, this.#parts.batch);
    try {
      await this.#parts.send(records);
    } catch (error) {
      if (!this.#failing) this.#tell(messageOf(error));
      this.#failing = true;
      this.#retryLater();
      return false;
    }
    this.#sent(records);
    return true;
  }

  #sent(records: readonly SealedRecord[]): void {
    const sent = new Set(records);
    // Some of them may have been left out meanwhile.
    const left = this.#waiting.filter((record) => !sent.has(record));
    this.#waiting.splice(0, this.#waiting.length, ...left);
    this.#characters = left.reduce((sum, { line }) => sum + line.length, 0);
    this.#retryMs = FIRST_RETRY_MS;
    if (!this.#failing) return;
    this.#failing = false;
    this.#parts.observe({ event: "audit.recovered.v1", sink: this.name, lost: this.#dropped });
    this.#dropped = 0;
  }

  #retryLater(): void {
    if (this.#closing) return;
    this.#callOffRetry = this.#parts.clock.after(this.#retryMs, () => {
      this.#callOffRetry = undefined;
      void this.#run();
    });
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
  }

  #tell(detail: string): void {
    this.#parts.observe({ event: "audit.failed.v1", sink: this.name, code: "audit/not-forwarded", detail });
  }
}

function isCheckpoint({ line }: SealedRecord): boolean {
  return line.startsWith(CHECKPOINT);
}
