import type { Admission } from "../../access/admission.ts";
import type { Room } from "../../base/budget.ts";
import type { Clock } from "../../base/clock.ts";
import { ignore } from "../../wire/wire.ts";
import { Answer } from "./answer.ts";
import { Backend, type BackendLimits, type Connection, type Place } from "./backend.ts";
import { type BriefWork, type Course, courseOf, endingOf, type How, type Work } from "./course.ts";
import { PoolError, PoolServerError } from "./errors.ts";
import { CLEAN_UP, isClean, type RunStatement } from "./own-statements.ts";
import { type Outcome, Pipeline } from "./pipeline.ts";
import type { Result, TransactionEnd } from "./pool.ts";

/** Neither a query that was cancelled nor a clean-up takes longer; the connection is closed instead. */
const CLEAN_UP_MS = 5000;
/** The pause before a cancel request is made again; each is twice the one before. */
const CANCEL_AGAIN_MS = 50;
/** A server hangs up upon Terminate in no time. */
const END_MS = 1000;
/** Statements that SQL prepared are looked for this often: what a transaction left is found this much later at most. */
const CLOSE_LOOK_MS = 1000;
/** From this version on, the implicit transaction of a pipeline counts as a transaction block. */
const IMPLICIT_BLOCKS_SINCE = 18;

/** What follows has a course of its own, and with it all that a course depends on. */
const FOLLOWED: How = { implicitBlocks: false, closely: false, followed: true };

export interface MemberEvents {
  /** The connection is clean and at rest: it may be used again. */
  onFree(member: Member): void;
  /** The server may have become one of another kind. */
  onParameter(member: Member): void;
  /** The connection is over. */
  onClosed(member: Member): void;
}

/**
 * One connection of a pool. It hands itself back only once it was proved clean:
 *
 *     free ──transact, pipe──▶ running ──idle, and nothing left──────────────▶ free
 *                           ├── an error, something left, cancelled ──▶ cleaning ──proved──▶ free
 *                           └── connection lost ──▶ closed ◀── any doubt ──┘
 *
 * Until then one transaction runs, or brief reads of one admission behind each other.
 */
export class Member {
  readonly bornAt: number;
  /** Since when it has been free. */
  freeSince: number;
  /** It is to be closed instead of being used again. */
  retired = false;
  readonly #clock: Clock;
  readonly #events: MemberEvents;
  readonly #backend: Backend;
  readonly #implicitBlocks: boolean;
  #nextCloseLook = 0;
  /** Something came in that says that a function left a LISTEN. */
  #notified = false;
  /** The cancel requests for this transaction. */
  #cancel: Promise<void> | undefined;
  #callOff: () => void = ignore;
  #callOffCancel: () => void = ignore;
  /** What runs, until the connection is free again. */
  #work: Work | undefined;
  /** Brief reads that run, and whose. */
  #pipeline: { readonly admission: Admission; readonly reads: Pipeline } | undefined;

  constructor(connection: Connection, limits: BackendLimits, clock: Clock, events: MemberEvents) {
    this.#clock = clock;
    this.#events = events;
    this.bornAt = clock.now();
    this.freeSince = this.bornAt;
    const version = Number.parseInt(connection.parameters.get("server_version") ?? "", 10);
    this.#implicitBlocks = version >= IMPLICIT_BLOCKS_SINCE;
    this.#backend = new Backend(connection, limits, {
      onParameter: () => events.onParameter(this),
      onNotification: () => {
        this.#notified = true;
      },
      onClosed: () => {
        this.#callOff();
        this.#callOffCancel();
        events.onClosed(this);
      },
    });
  }

  get connection(): Connection {
    return this.#backend.connection;
  }

  get closed(): boolean {
    return this.#backend.closed;
  }

  /** Runs a transaction. Once it has ended, and maybe later than this resolves, onFree or onClosed is told. */
  async transact(work: Work): Promise<readonly Result[]> {
    if (this.#work !== undefined || this.piping) throw new TypeError("a connection that is not free");
    this.#work = work;
    const how = this.#how();
    const course = this.#plan(work, how);
    let done = await this.#attempt(work, course, how, true);
    if (done instanceof Answer && done.stale && (await this.#renew()))
      done = await this.#attempt(work, course, how, false);
    if (done instanceof Answer) throw this.#failed(done);
    return done;
  }

  /** Whether a brief read of the admission may be sent now: nothing runs, or others of it to which it may be added. */
  takes(admission: Admission): boolean {
    if (this.closed || this.#work !== undefined) return false;
    const { admission: whose, reads } = this.#pipeline ?? {};
    return whose === undefined || (whose === admission && reads?.open === true && this.#settled);
  }

  /** Whether brief reads run. */
  get piping(): boolean {
    return this.#pipeline !== undefined;
  }

  /** Runs a brief read, for which `takes` is to be asked at that very moment. onFree and onClosed are told as above. */
  pipe(work: BriefWork): Promise<Outcome> {
    if (!this.takes(work.admission)) throw new TypeError("a connection that is not free");
    this.#pipeline ??= { admission: work.admission, reads: this.#newPipeline() };
    return this.#pipeline.reads.add(work);
  }

  /** Whether reads wait behind one that was there at the last look: they are moved, if so. */
  look(): void {
    if (this.#pipeline?.reads.look() === true) this.#cancelNow();
  }

  /**
   * Cancels a transaction, if it is still the one that runs. The connection is not used again before the server has
   * answered both.
   */
  abort(work: Work): void {
    if (this.#work === work || this.#pipeline?.reads.abort(work) === true) this.#cancelNow();
  }

  #cancelNow(): void {
    if (this.#cancel !== undefined || this.closed) return;
    this.#limit("a cancelled query did not end");
    this.#sendCancel(CANCEL_AGAIN_MS);
  }

  #newPipeline(): Pipeline {
    return new Pipeline({
      plan: (work, followed) => courseOf(work, followed ? FOLLOWED : this.#how()),
      run: ({ statements }, room, place) => this.#run(statements, true, room, place),
      onBroken: (error) => this.#doubt("a transaction could not be written", error),
      onStale: () => this.#backend.forgetStatements(),
      onDrained: (clean) => {
        this.#pipeline = undefined;
        if (clean && this.#settled) this.#free();
        else void this.#cleanAndFree();
      },
    });
  }

  /** Whether nothing came up that makes a clean-up necessary. */
  get #settled(): boolean {
    return !this.#notified && this.#cancel === undefined;
  }

  /** Takes leave of the server. */
  end(): void {
    this.#backend.end();
    this.#limit("the server did not hang up", END_MS);
  }

  /** A request that overtakes the query that it is for cancels nothing, and so it is made again until there is an answer. */
  #sendCancel(pauseMs: number): void {
    const sent = this.connection.cancel();
    const all = this.#cancel === undefined ? sent : Promise.all([this.#cancel, sent]);
    this.#cancel = all.then(ignore);
    this.#cancel.catch((cause) => this.#doubt("a cancel request failed", cause));
    this.#callOffCancel = this.#clock.after(pauseMs, () => this.#sendCancel(2 * pauseMs));
  }

  #how(): How {
    const now = this.#clock.now();
    const closely = now >= this.#nextCloseLook;
    if (closely) this.#nextCloseLook = now + CLOSE_LOOK_MS;
    return { implicitBlocks: this.#implicitBlocks, closely };
  }

  /** What cannot be planned was our caller's mistake, and nothing happened. */
  #plan(work: Work, how: How): Course {
    try {
      return courseOf(work, how);
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  #run(statements: readonly RunStatement[], named: boolean, room?: Room, place?: Place): Promise<Answer> {
    try {
      return this.#backend.run(statements, named, room, place);
    } catch (error) {
      this.#doubt("a transaction could not be written", error);
      throw error;
    }
  }

  /** Runs a transaction to its end. Returns the results, or the answer that holds an error. */
  async #attempt(work: Work, course: Course, how: How, named: boolean): Promise<readonly Result[] | Answer> {
    const { from, last } = course;
    const { transaction } = work;
    const answer = await this.#run(course.statements, named, transaction.room);
    if (answer.error !== undefined) return answer;
    const results = answer.results.slice(from, from + transaction.statements.length);
    if (last !== undefined) {
      this.#finish(answer, last);
      return results;
    }
    const ending = endingOf(transaction, this.#ask(work, results), how);
    const end = await this.#run(ending, named);
    if (end.error !== undefined) return end;
    this.#finish(end, ending.length - 2);
    return results;
  }

  #ask({ transaction: { end } }: Work, results: readonly Result[]): TransactionEnd {
    if (typeof end !== "function") return end;
    try {
      return this.#cancel === undefined ? end(results) : "rollback";
    } catch (error) {
      void this.#cleanAndFree();
      throw error;
    }
  }

  /** After a transaction that went well, maybe too late for who gave it up. */
  #finish({ results }: Answer, last: number): void {
    const cancelled = this.#cancel !== undefined;
    const over = this.#backend.status === "I" && this.#settled;
    if (over && isClean(results[last]?.rows[0])) this.#free();
    else void this.#cleanAndFree();
    if (cancelled) throw aborted();
  }

  /** After one that did not. What it set was rolled back; session-level locks and the like were not. */
  #failed({ error }: Answer): Error {
    void this.#cleanAndFree();
    return error === undefined || this.#cancel !== undefined ? aborted() : new PoolServerError(error);
  }

  /** Gives all names up. All was rolled back, so that it can be run again; without names, for a function may take any. */
  async #renew(): Promise<boolean> {
    if (this.#cancel !== undefined) return false;
    this.#backend.forgetStatements();
    return (await this.#clean()) && this.#cancel === undefined;
  }

  async #cleanAndFree(): Promise<void> {
    this.#work = undefined; // nothing that could be aborted is left
    if (await this.#clean()) this.#free();
  }

  /** Cleans up, once no cancel request can arrive any more. Closes the connection when it is not clean then. */
  async #clean(): Promise<boolean> {
    try {
      for (;;) {
        this.#limit("a clean-up took too long");
        this.#callOffCancel();
        const cancel = this.#cancel;
        await cancel;
        const clean = await this.#cleanedUp();
        if (cancel !== this.#cancel) continue; // aborted meanwhile: the request may have met the clean-up
        if (!clean) this.#doubt("something was left that cannot be taken away");
        return clean;
      }
    } catch {
      return false; // the connection is over
    } finally {
      this.#callOff();
    }
  }

  async #cleanedUp(): Promise<boolean> {
    const over = this.#backend.status === "I";
    const { error, results } = await this.#backend.runSimple(over ? CLEAN_UP : `ROLLBACK; ${CLEAN_UP}`);
    const prepared = results.at(-1)?.rows[0]?.[0];
    return error === undefined && this.#backend.status === "I" && prepared?.toString() === "f";
  }

  #free(): void {
    this.#work = undefined;
    this.#notified = false;
    this.#cancel = undefined;
    this.#events.onFree(this);
  }

  #limit(what: string, ms = CLEAN_UP_MS): void {
    this.#callOff();
    this.#callOff = this.#clock.after(ms, () => this.#doubt(what));
  }

  #doubt(what: string, cause?: unknown): void {
    this.#backend.destroy(new PoolError("pool/connection-lost", what, { cause }));
  }
}

function aborted(): PoolError {
  return new PoolError("pool/aborted", "the transaction was cancelled");
}
