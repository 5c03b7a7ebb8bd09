/**
 * The ledger: one chain of records a process, that grows at its end only. An event is safe once the sink says so; one
 * write and one sync serve all the events that came meanwhile.
 *
 *     append ──▶ queue ──▶ sealed behind the tail ──▶ sink ──▶ tail moves, append resolves, forwards get it
 *                  ▲                                    │
 *                  └── offered events, again later ── failure: append rejects; the tail stays; recover comes first
 */
import type { Clock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Event, Observe } from "../../base/event.ts";
import type { Notice } from "../../base/notice.ts";
import type { AuditEvent } from "./audited.ts";
import { isAudited } from "./audited.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { AuditError } from "./errors.ts";
import { eventText, noticeText } from "./event-text.ts";
import type { Keeper } from "./outbox.ts";
import type { SealedRecord, Tail } from "./record.ts";
import { emptyChain, newChain, nodeOf, sealEvent, sealText } from "./record.ts";
import type { Signer } from "./signing-key.ts";
import type { Forward, Found, Sink } from "./sink.ts";

/** What takes events for the ledger. */
export interface Recorder {
  /**
   * Resolves when the event is safe. @throws AuditError when it is not, and will not be
   * @param from the notice of the store that it is the record of, if it is one
   */
  append(event: Event, from?: Origin): Promise<void>;
  /** Records the event if that is possible; what is not recorded is counted. */
  offer(event: Event): void;
}

/** The notice that an event was committed with: the record says its id, and when it was. */
export type Origin = Pick<Notice, "id" | "time">;

export interface CheckpointPolicy {
  /** A checkpoint after so many records. */
  readonly records: number;
  /** A checkpoint after so many milliseconds, when there is something new. */
  readonly interval: number;
}

export interface LedgerParts {
  /** The name of this node. */
  readonly node: string;
  readonly sink: Sink;
  readonly forwards: readonly Forward[];
  /** None: there are no checkpoints. */
  readonly signer: Signer | undefined;
  /** Whether the sink is only away, and can be waited for; by default it never is. */
  readonly isAway?: (error: unknown) => boolean;
  readonly checkpoint: CheckpointPolicy;
  /** Kinds of events that are not recorded although they could be; none by default. */
  readonly leaveOut?: ReadonlySet<Event["event"]>;
  readonly clock: Clock;
  readonly observe: Observe;
}

/** Events that wait at most, and how much text: about as much as a slow disk takes in a second or two. */
const MAX_QUEUE = 10_000;
/** Of these, the ones that nobody waits for: they must not keep out those that somebody does. */
const MAX_OFFERED = MAX_QUEUE / 2;
const MAX_QUEUE_CHARACTERS = 32 * 1024 * 1024;
/** What is written at once: more would not be faster, and would keep those at the front waiting for those at the back. */
const MAX_BATCH = 1000;
export const MAX_BATCH_CHARACTERS = 2 * 1024 * 1024;
/** Offered events wait this long for others: a write and a sync each would cost more than the events themselves. */
const OFFERED_MS = 200;
/** After a failure, offered events try again after this long. */
const RETRY_MS = 1000;
/** Clocks are corrected by less than this all the time. */
const CLOCK_TOLERANCE_MS = 1000;

interface Waiting {
  readonly text: string;
  readonly time: number;
  /** The id of the notice that it is the record of. */
  readonly notice: string | undefined;
  /** None for an offered event. */
  readonly settle: { readonly resolve: () => void; readonly reject: (error: AuditError) => void } | undefined;
}

export class Ledger implements Keeper {
  readonly #parts: LedgerParts;
  #tail: Tail;
  readonly #queue: Waiting[] = [];
  #characters = 0;
  /** Events that were to be recorded by `append` and are offered as well. */
  readonly #appended = new WeakSet<Event>();
  #flushing: Promise<void> = Promise.resolve();
  #busy = false;
  /** What waits is to be written, and not to wait for more. */
  #due = false;
  #inDoubt = false;
  #failing = false;
  #lost = 0;
  /** Records that no checkpoint covers. */
  #uncovered = 0;
  #checkpointDue = false;
  #callOffCheckpoint: (() => void) | undefined;
  #callOffRetry: (() => void) | undefined;
  #callOffFlush: (() => void) | undefined;
  #closing = false;
  #closed = false;

  /** The sink was read: the tail is where its chain stands. */
  #opened = false;
  /** What the chain goes on or begins with, until it is recorded. */
  #opening: AuditEvent | undefined;

  private constructor(parts: LedgerParts) {
    this.#parts = parts;
    this.#tail = emptyChain(newChain(parts.node));
    // At once, so that no chain can be hidden from those who hold its checkpoints.
    this.#checkpointDue = parts.signer !== undefined;
  }

  /**
   * Opens the sink and goes on with its chain, or begins one. A sink that may be away for a while is opened when it is
   * back; until then nothing can be recorded that must be.
   * @throws AuditError when the sink cannot be used
   */
  static async open(parts: LedgerParts): Promise<Ledger> {
    const ledger = new Ledger(parts);
    try {
      await ledger.#write([]);
    } catch (error) {
      if (parts.isAway?.(error) === true) ledger.#failed([], error);
      else {
        await parts.sink.close();
        throw ledger.#errorOf(error);
      }
    }
    return ledger;
  }

  async #openSink(): Promise<void> {
    const found = await this.#parts.sink.open();
    const { tail } = found;
    const goesOn = tail !== undefined && nodeOf(tail.node) === this.#parts.node;
    if (goesOn) this.#tail = tail;
    this.#opening = goesOn ? resumed(found) : begun(tail);
    this.#opened = true;
  }

  /** The answer to the write that opened the chain may have been lost after it was done. */
  async #recover(): Promise<void> {
    const before = this.#tail.seq;
    this.#tail = await this.#parts.sink.recover(this.#tail);
    if (this.#tail.seq > before) this.#opening = undefined;
  }

  /** The chain's name. */
  get chain(): string {
    return this.#tail.node;
  }

  append(event: Event, from?: Origin): Promise<void> {
    this.#appended.add(event);
    if (from !== undefined) return this.#enqueue(noticeText(event, from), from.id);
    if (!isAudited(event)) throw new TypeError(`${event.event} is no audit event`);
    return this.#record(event);
  }

  recorded(ids: readonly string[], since: number): Promise<ReadonlySet<string>> {
    return this.#parts.sink.recorded(ids, since);
  }

  offer(event: Event): void {
    if (!isAudited(event) || this.#appended.has(event)) return;
    if (this.#parts.leaveOut?.has(event.event) === true) return;
    const text = eventText(event);
    if (this.#closed || this.#isFull(text, MAX_OFFERED)) this.#lost += 1;
    else this.#enter({ text, time: this.#parts.clock.now(), notice: undefined, settle: undefined });
    if (this.#failing) this.#retryLater();
    else if (this.#queue.length < MAX_BATCH) this.#flushLater();
    else this.#flushSoon();
  }

  /** Records what waits, ends with a checkpoint, and closes the sink. What cannot be recorded any more is told. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#callOffCheckpoint?.();
    this.#callOffRetry?.();
    this.#callOffFlush?.();
    this.#checkpointDue = this.#parts.signer !== undefined;
    await this.#record({ event: "ledger.closed.v1" }).catch(() => {}); // it was told, or is below
    this.#closed = true;
    await this.#flushing;
    const left = this.#lost + this.#queue.length;
    if (left > 0) this.#tell("audit/closed", `${left} events were not recorded`);
    await this.#parts.sink.close().catch(() => {}); // what it confirmed is safe without
    await Promise.all(this.#parts.forwards.map((forward) => forward.close()));
  }

  #record(event: AuditEvent): Promise<void> {
    return this.#enqueue(eventText(event), undefined);
  }

  #enqueue(text: string, notice: string | undefined): Promise<void> {
    if (this.#closed) return Promise.reject(new AuditError("audit/closed", "the ledger is closed"));
    if (this.#isFull(text, MAX_QUEUE))
      return Promise.reject(
        new AuditError("audit/queue-full", `${this.#queue.length} events wait for ${this.#parts.sink.name}`),
      );
    return new Promise((resolve, reject) => {
      this.#enter({ text, time: this.#parts.clock.now(), notice, settle: { resolve, reject } });
      this.#flushSoon();
    });
  }

  #isFull(text: string, most: number): boolean {
    return this.#queue.length >= most || this.#characters + text.length > MAX_QUEUE_CHARACTERS;
  }

  #enter(waiting: Waiting): void {
    this.#queue.push(waiting);
    this.#characters += waiting.text.length;
  }

  /** Nobody waits for what was offered: it is written with what comes within a moment. */
  #flushLater(): void {
    this.#callOffFlush ??= this.#parts.clock.after(OFFERED_MS, () => {
      this.#callOffFlush = undefined;
      this.#flushSoon();
    });
  }

  #flushSoon(): void {
    this.#due = this.#queue.length > 0;
    if (this.#busy) return;
    this.#busy = true;
    this.#flushing = this.#flush();
  }

  async #flush(): Promise<void> {
    // Whoever comes within this turn of the event loop is written with the first.
    await Promise.resolve();
    let works = true;
    while (works && this.#hasDue) works = await this.#flushOnce();
    this.#busy = false; // in the same turn as the look at the queue: nothing comes in between
  }

  get #hasDue(): boolean {
    return this.#due || this.#checkpointDue || (this.#closing && this.#queue.length > 0);
  }

  /** Returns whether it worked. */
  async #flushOnce(): Promise<boolean> {
    const batch = this.#take();
    try {
      await this.#write(batch);
      return true;
    } catch (error) {
      this.#failed(batch, error);
      return false;
    }
  }

  #take(): Waiting[] {
    let characters = 0;
    let count = 0;
    for (const { text } of this.#queue) {
      if (count === MAX_BATCH || (count > 0 && characters + text.length > MAX_BATCH_CHARACTERS)) break;
      characters += text.length;
      count += 1;
    }
    this.#characters -= characters;
    const batch = this.#queue.splice(0, count);
    if (this.#queue.length === 0) this.#due = false;
    return batch;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { sink, forwards } = this.#parts;
    if (!this.#opened) await this.#openSink();
    else if (this.#inDoubt) await this.#recover();
    this.#inDoubt = true;
    const lost = this.#lost;
    const due = this.#checkpointDue;
    const events = this.#seal(batch, lost);
    const checkpoint = this.#checkpointAfter(events, due);
    const records = [...events, ...checkpoint];
    await sink.write(records);
    this.#inDoubt = false;
    this.#opening = undefined;
    const { node, seq, hash, time } = records.at(-1) ?? this.#tail;
    this.#tail = { node, seq, hash, time };
    this.#lost -= lost;
    this.#uncovered = checkpoint.length > 0 ? 0 : this.#uncovered + records.length;
    if (due) this.#checkpointDue = false;
    for (const { settle } of batch) settle?.resolve();
    this.#recovered(lost);
    this.#planCheckpoint();
    for (const forward of forwards) forward.forward(records);
  }

  /** The records for a batch, with what the ledger itself has to say. */
  #seal(batch: readonly Waiting[], lost: number): SealedRecord[] {
    const { clock } = this.#parts;
    const records: SealedRecord[] = [];
    const tail = () => records.at(-1) ?? this.#tail;
    // What waited for the sink came before it was opened.
    const began = batch[0]?.time ?? clock.now();
    if (this.#opening !== undefined) records.push(sealEvent(this.#opening, began, tail()));
    if (lost > 0) records.push(sealEvent({ event: "ledger.lost.v1", events: lost }, clock.now(), tail()));
    for (const { text, time, notice } of batch) {
      const backMs = tail().time - time;
      if (backMs > CLOCK_TOLERANCE_MS)
        records.push(sealEvent({ event: "ledger.clock-stepped.v1", backMs }, time, tail()));
      records.push({ ...sealText(text, time, tail()), ...(notice === undefined ? {} : { notice }) });
    }
    return records;
  }

  /** A checkpoint of the state behind `records`, when it is time for one. */
  #checkpointAfter(records: readonly SealedRecord[], due: boolean): readonly SealedRecord[] {
    const { clock, signer, checkpoint } = this.#parts;
    const tail = records.at(-1) ?? this.#tail;
    const uncovered = this.#uncovered + records.length;
    if (signer === undefined || uncovered === 0 || !(due || uncovered >= checkpoint.records)) return [];
    const { node, seq, hash } = tail;
    const now = clock.now();
    const state = { node, seq, hash, time: new Date(now).toISOString() };
    const signed = signCheckpoint(state, signer.privateKey, signer.id);
    return [sealEvent({ event: "ledger.checkpoint.v1", ...signed }, now, tail)];
  }

  /** A checkpoint comes in time, when there is something that none covers yet. */
  #planCheckpoint(): void {
    const { clock, signer, checkpoint } = this.#parts;
    if (this.#uncovered === 0) {
      this.#callOffCheckpoint?.();
      this.#callOffCheckpoint = undefined;
    } else if (signer !== undefined)
      this.#callOffCheckpoint ??= clock.after(checkpoint.interval, () => {
        this.#callOffCheckpoint = undefined;
        this.#checkpointDue = true;
        this.#flushSoon();
      });
  }

  /** Nobody waits for what may take long: appended events are refused, offered ones tried again later. */
  #failed(batch: readonly Waiting[], thrown: unknown): void {
    const error = this.#errorOf(thrown);
    if (!this.#failing) this.#tell(error.code, error.message);
    this.#failing = true;
    const all = [...batch, ...this.#queue.splice(0)];
    this.#characters = 0;
    for (const waiting of all) {
      if (waiting.settle !== undefined) waiting.settle.reject(error);
      else if (this.#isFull(waiting.text, MAX_OFFERED)) this.#lost += 1;
      else this.#enter(waiting);
    }
    this.#retryLater();
  }

  #errorOf(thrown: unknown): AuditError {
    if (thrown instanceof AuditError) return thrown;
    const detail = `${this.#parts.sink.name}: ${messageOf(thrown)}`;
    return new AuditError("audit/unwritable", detail, { cause: thrown });
  }

  #retryLater(): void {
    if (this.#closing) return;
    this.#callOffRetry ??= this.#parts.clock.after(RETRY_MS, () => {
      this.#callOffRetry = undefined;
      this.#flushSoon();
    });
  }

  #recovered(lost: number): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#callOffRetry?.();
    this.#callOffRetry = undefined;
    this.#parts.observe({ event: "audit.recovered.v1", sink: this.#parts.sink.name, lost });
  }

  #tell(code: string, detail: string): void {
    this.#parts.observe({ event: "audit.failed.v1", sink: this.#parts.sink.name, code, detail });
  }
}

function resumed({ cut }: Found): AuditEvent {
  return { event: "ledger.resumed.v1", cutBytes: cut?.bytes ?? 0, cutHash: cut?.hash };
}

function begun(before: Tail | undefined): AuditEvent {
  const after = before && { node: before.node, seq: before.seq, hash: before.hash };
  return { event: "ledger.begun.v1", after };
}
