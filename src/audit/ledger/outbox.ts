/**
 * Gets every change of the store into the ledger. The change and its notice were committed together; the notice goes when
 * its record is durable, and until then some process answers for it: first the one that made the change, then, when that
 * one died or its ledger fails, the same after its restart or another.
 *
 *     change + notice, one transaction ─▶ record ─▶ append ──safe──▶ the notice is removed
 *                                                    └──fails──▶ released: whose ledger works takes it up
 *     every few seconds: take up what nobody answers for ─▶ is it in this ledger already? ─▶ removed, else append
 *
 * A ledger in the store moves it there in one transaction. One in a file may have it when the process dies before the
 * notice is gone: the next start of that ledger finds it there. Only where another node was asked meanwhile, it is in the
 * ledgers of both, under one id.
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Event } from "../../base/event.ts";
import type { Notice } from "../../base/notice.ts";
import { within } from "../../base/within.ts";
import type { Recorder } from "./ledger.ts";

/** A change that is not known to be recorded. */
export interface Unrecorded {
  readonly id: string;
  readonly time: number;
  /** JSON. */
  readonly event: string;
}

/** Where notices wait; src/store answers it. */
export interface OutboxQueue {
  /**
   * Takes up, in their order, what this chain answers for or nobody does.
   * @param busy ids that are not meant: they are on their way
   */
  claim(chain: string, busy: readonly string[]): Promise<readonly Unrecorded[]>;
  /** Lets others take them up. */
  release(chain: string, ids: readonly string[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
}

/** A ledger that can tell what it has. */
export interface Keeper extends Recorder {
  /** The chain's name. */
  readonly chain: string;
  /** Which of these notices, of then or later, have a record. Rejects when that cannot be known. */
  recorded(ids: readonly string[], since: number): Promise<ReadonlySet<string>>;
}

interface OutboxParts {
  readonly queue: OutboxQueue;
  readonly keeper: Keeper;
  readonly clock: Clock;
}

/** How often it is looked for changes that nobody answers for. */
const LOOK_MS = 5000;
/** An operator waits this long for the record of their change. */
const PATIENCE_MS = 5000;
/** The end of the process waits this long; what is left is taken up by the next. */
const CLOSE_MS = 2000;

export class Outbox {
  readonly #parts: OutboxParts;
  /** On their way into the ledger. */
  readonly #pending = new Map<string, Promise<void>>();
  /** Not recorded at the first try, and why. */
  readonly #failed = new Map<string, string>();
  /** In the ledger, and maybe still in the store. */
  readonly #done = new Set<string>();
  #looking: Promise<void> = Promise.resolve();
  #removing: Promise<void> | undefined;
  #callOff: () => void = () => {};
  #closed = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Begins to look for what is left of before, here or elsewhere. */
  start(): void {
    this.#looking = this.#look();
  }

  /** Records what this process has just committed. Never throws. */
  record(notices: readonly Notice[]): void {
    for (const { id, time, event } of notices) this.#append(id, time, event);
  }

  /**
   * Waits until all that was committed here is recorded.
   * @returns why it is not, when it takes too long or the ledger fails
   */
  async settled(): Promise<string | undefined> {
    const done = Promise.all(this.#pending.values()).then(() => this.#failed.values().next().value);
    const late = () => `the ledger did not answer within ${PATIENCE_MS} ms`;
    return within(this.#parts.clock, PATIENCE_MS, done, late);
  }

  /** What waits is left to the next process. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#callOff();
    const left = Promise.all([this.#looking, ...this.#pending.values()]).then(() => this.#remove());
    await within(this.#parts.clock, CLOSE_MS, left, () => {});
  }

  #append(id: string, time: number, event: Event): void {
    if (this.#pending.has(id)) return;
    const appending = this.#parts.keeper.append(event, { id, time }).then(
      () => this.#safe(id),
      (error) => this.#unsafe(id, messageOf(error)),
    );
    this.#pending.set(id, appending);
  }

  #safe(id: string): void {
    this.#pending.delete(id);
    this.#failed.delete(id);
    this.#done.add(id);
    void this.#remove();
  }

  async #unsafe(id: string, why: string): Promise<void> {
    this.#pending.delete(id);
    this.#failed.set(id, why);
    const { queue, keeper } = this.#parts;
    await queue.release(keeper.chain, [id]).catch(() => {}); // then its time runs out
  }

  /** What cannot be removed now is by the next look. */
  #remove(): Promise<void> {
    this.#removing ??= this.#removeAll().finally(() => {
      this.#removing = undefined;
    });
    return this.#removing;
  }

  async #removeAll(): Promise<void> {
    await Promise.resolve(); // what came with it goes with it
    try {
      while (this.#done.size > 0) {
        const ids = [...this.#done];
        await this.#parts.queue.remove(ids);
        for (const id of ids) this.#done.delete(id);
      }
    } catch {
      // The store's state says so.
    }
  }

  async #look(): Promise<void> {
    await this.#remove();
    try {
      await this.#takeUp();
    } catch {
      // The store's state says so, or the ledger's; they stay where they are.
    }
    if (!this.#closed)
      this.#callOff = this.#parts.clock.after(LOOK_MS, () => {
        this.#looking = this.#look();
      });
  }

  async #takeUp(): Promise<void> {
    const { queue, keeper } = this.#parts;
    const found = await queue.claim(keeper.chain, [...this.#pending.keys(), ...this.#done]);
    const taken = new Set(found.map(({ id }) => id));
    // What did not come back is gone, or another answers for it.
    for (const id of this.#failed.keys()) if (!taken.has(id)) this.#failed.delete(id);
    // Of those that failed here it is known that the ledger does not have them.
    const known = await this.#recordedOf(found.filter(({ id }) => !this.#failed.has(id)));
    for (const id of known) this.#done.add(id);
    for (const { id, time, event } of found) if (!known.has(id)) this.#append(id, time, eventOf(event));
    await this.#remove();
  }

  async #recordedOf(unsure: readonly Unrecorded[]): Promise<ReadonlySet<string>> {
    if (unsure.length === 0) return new Set();
    const since = Math.min(...unsure.map(({ time }) => time));
    return this.#parts.keeper.recorded(
      unsure.map(({ id }) => id),
      since,
    );
  }
}

/** Written by a Postern; a newer one may have other events, which are recorded as they are. */
function eventOf(text: string): Event {
  return JSON.parse(text);
}
