import type { Room } from "../../base/budget.ts";
import type { Answer } from "./answer.ts";
import type { Place } from "./backend.ts";
import type { Course, Work } from "./course.ts";
import { PoolError, PoolServerError } from "./errors.ts";
import { isClean } from "./own-statements.ts";
import type { Result } from "./pool.ts";

/**
 * Reads under way at most. One more is a connection of its own where there is one: a gateway makes requests about as
 * fast as one connection answers point reads, so that more of them behind each other would only wait longer.
 */
export const DEPTH = 8;

/** Results; or "moved": the read is to be run anew, on another connection, by whoever asked for it. */
export type Outcome = readonly Result[] | "moved";

interface Item {
  readonly work: Work;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
  /** Whether nobody waits for its answer any more. It comes all the same. */
  settled: boolean;
}

/** What a pipeline needs of its connection. */
export interface PipelineParts {
  /** @param followed another read of the same write comes behind it, and cleans up for both */
  readonly plan: (work: Work, followed: boolean) => Course;
  /** Begins a transaction behind those before; the last of a write sends all of them. */
  readonly run: (course: Course, room: Room | undefined, place: Place) => Promise<Answer>;
  /** A read could not be written, which was our caller's mistake: the connection is of no use any more. */
  readonly onBroken: (error: unknown) => void;
  /** The last answer has come. `clean`: it shows that the connection is left as it was found. */
  readonly onDrained: (clean: boolean) => void;
  /** Whatever the server has under our names is not what we gave them to. */
  readonly onStale: () => void;
}

/**
 * Brief reads of one admission on one connection, sent one behind the other before they are answered (PostgreSQL docs,
 * "Pipelining"). Each is a transaction of its own, with its own role and settings in front. What begins in one turn of
 * the event loop is one write, and its last transaction cleans up behind all that leave it to it. The connection goes to nobody else before
 * the very last one is answered and seen to have left it clean.
 *
 *     open ──an error, something left, one that takes long, a cancel──▶ closed: nothing joins
 *       └──────────────── the last answer ──────────────────┴──▶ drained
 *
 * A cancel request is for whatever runs when it arrives, so none is sent while somebody waits for another answer than
 * the one it is for. Who waits behind a read that takes long is moved: a read can be run twice.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  /** Those that are not answered, in the order of their answers. */
  readonly #items: Item[] = [];
  /** The last of them, which were not sent yet. */
  #unsent: Item[] = [];
  #closed = false;
  #clean = true;
  /** The first one when it was looked at last. */
  #seen: Item | undefined;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  /** Whether another read may join. */
  get open(): boolean {
    return !this.#closed && this.#items.length < DEPTH;
  }

  /** Adds a read, which is sent at the end of this turn. */
  add(work: Work): Promise<Outcome> {
    if (this.#unsent.length === 0) setImmediate(() => this.#send());
    return new Promise((resolve, reject) => {
      const item: Item = { work, resolve, reject, settled: false };
      this.#items.push(item);
      this.#unsent.push(item);
    });
  }

  #send(): void {
    const items = this.#unsent;
    this.#unsent = [];
    const last = items.at(-1);
    for (const item of items) this.#begin(item, item !== last);
  }

  #begin(item: Item, followed: boolean): void {
    try {
      const { brief, room } = item.work.transaction;
      const course = this.#parts.plan(item.work, followed && brief === "cleaned together");
      const place = followed ? "more to come" : "last of a write";
      this.#parts.run(course, room, place).then(
        (answer) => this.#answered(item, course, answer),
        (error: Error) => this.#lost(item, error),
      );
    } catch (error) {
      if (settle(item)) item.reject(error);
      this.#parts.onBroken(error);
    }
  }

  /**
   * Gives a read up. Returns whether the server is to be asked to cancel what runs: nobody waits for anything else, and
   * nothing joins any more.
   */
  abort(work: Work): boolean {
    const item = this.#items.find((one) => one.work === work);
    if (item === undefined || item.settled) return false;
    if (settle(item)) item.reject(aborted());
    return this.#abandoned();
  }

  /**
   * Looks whether the first one takes long, that is, whether it was there at the last look. Those behind it are moved
   * then. Returns what `abort` does.
   */
  look(): boolean {
    const [first] = this.#items;
    const slow = first !== undefined && first === this.#seen;
    this.#seen = first;
    if (!slow) return false;
    this.#closed = true;
    for (const item of this.#items) if (item !== first) if (settle(item)) item.resolve("moved");
    return this.#abandoned();
  }

  #abandoned(): boolean {
    if (!this.#items.every(({ settled }) => settled)) return false;
    this.#closed = true;
    return true;
  }

  #answered(item: Item, { from, last }: Course, answer: Answer): void {
    this.#items.shift();
    const { work } = item;
    if (answer.error !== undefined) this.#refused(item, answer);
    else {
      const clean = last === undefined || isClean(answer.results[last]?.rows[0]);
      if (answer.status !== "I" || !clean) this.#leftBehind();
      const results = answer.results.slice(from, from + work.transaction.statements.length);
      if (settle(item)) item.resolve(results);
    }
    if (this.#items.length === 0) this.#parts.onDrained(this.#clean && last !== undefined);
  }

  #refused(item: Item, answer: Answer): void {
    this.#leftBehind();
    if (answer.stale) {
      this.#parts.onStale();
      if (settle(item)) item.resolve("moved");
    } else {
      const { error = new Map() } = answer;
      if (settle(item)) item.reject(new PoolServerError(error));
    }
  }

  #leftBehind(): void {
    this.#clean = false;
    this.#closed = true;
  }

  /** The connection is over. What was first is told why; those behind it had not begun. */
  #lost(item: Item, error: Error): void {
    this.#closed = true;
    if (!settle(item)) return;
    if (item === this.#items[0]) item.reject(error);
    else item.resolve("moved");
  }
}

/** Returns whether somebody waited until now. */
function settle(item: Item): boolean {
  const { settled } = item;
  item.settled = true;
  return !settled;
}

function aborted(): PoolError {
  return new PoolError("pool/aborted", "the transaction was cancelled");
}
