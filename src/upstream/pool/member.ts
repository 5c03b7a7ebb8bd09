import type { Clock } from "../../base/clock.ts";
import type { ErrorFields } from "../../protocol/backend-messages.ts";
import { ignore } from "../../wire/wire.ts";
import type { Answer } from "./answer.ts";
import { Backend, type BackendLimits, type Connection } from "./backend.ts";
import { type Course, courseOf, endingOf, type Work } from "./course.ts";
import { PoolError, PoolServerError } from "./errors.ts";
import { CLEAN_UP, isClean } from "./own-statements.ts";
import type { Result, Statement, TransactionEnd } from "./pool.ts";

/** Neither a query that was cancelled nor a clean-up takes longer; the connection is closed instead. */
const CLEAN_UP_MS = 5000;
/** A server hangs up upon Terminate in no time. */
const END_MS = 1000;
/** From this version on, the implicit transaction of a pipeline counts as a transaction block. */
const IMPLICIT_BLOCKS_SINCE = 18;

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
 *     free ──transact──▶ running ──idle, and nothing left──────────────▶ free
 *                           ├── an error, something left, cancelled ──▶ cleaning ──proved──▶ free
 *                           └── connection lost ──▶ closed ◀── any doubt ──┘
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
  /** Something came in that says that a function left a LISTEN. */
  #notified = false;
  /** The cancel request under way for this transaction, or done. */
  #cancel: Promise<void> | undefined;
  #callOff: () => void = ignore;
  /** What runs, until the connection is free again. */
  #work: Work | undefined;

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
      onClosed: () => events.onClosed(this),
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
    this.#work = work;
    const course = this.#plan(work);
    let answer = await this.#run(course);
    if (answer.stale && (await this.#renew(course.statements[answer.results.length])))
      answer = await this.#run(course);
    if (answer.error !== undefined) throw this.#failed(answer.error);
    const { from, look } = course;
    const results = answer.results.slice(from, from + work.transaction.statements.length);
    if (look === undefined) await this.#decide(work, results);
    else this.#finish(answer, look, work);
    if (this.#cancel !== undefined) throw aborted();
    return results;
  }

  /**
   * Cancels a transaction, if it is still the one that runs. The connection is not used again before the server has
   * answered both.
   */
  abort(work: Work): void {
    if (this.#work !== work || this.#cancel !== undefined || this.closed) return;
    this.#limit("a cancelled query did not end");
    this.#cancel = this.connection.cancel();
    this.#cancel.catch((cause) => this.#doubt("a cancel request failed", cause));
  }

  /** Takes leave of the server. */
  end(): void {
    this.#backend.end();
    this.#limit("the server did not hang up", END_MS);
  }

  destroy(error: Error): void {
    this.#backend.destroy(error);
  }

  /** What cannot be planned was our caller's mistake, and nothing happened. */
  #plan(work: Work): Course {
    try {
      return courseOf(work, this.#implicitBlocks);
    } catch (error) {
      this.#free();
      throw error;
    }
  }

  #run({ statements }: Course): Promise<Answer> {
    try {
      return this.#backend.run(statements);
    } catch (error) {
      this.#doubt("a transaction could not be written", error);
      throw error;
    }
  }

  /** The end of a transaction that depends on its results. */
  async #decide(work: Work, results: readonly Result[]): Promise<void> {
    const ending = endingOf(work.transaction, this.#ask(work, results));
    const answer = await this.#backend.run(ending);
    if (answer.error !== undefined) throw this.#failed(answer.error);
    this.#finish(answer, ending.length - 2, work);
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

  /** After a transaction that went well. */
  #finish(answer: Answer, look: number, { role }: Work): void {
    const row = answer.results[look]?.rows[0];
    const clean =
      this.#backend.status === "I" && isClean(row, role) && !this.#notified && this.#cancel === undefined;
    if (clean) this.#free();
    else void this.#cleanAndFree();
  }

  /** After one that did not. What it set was rolled back; session-level locks and the like were not. */
  #failed(error: ErrorFields): Error {
    void this.#cleanAndFree();
    return this.#cancel === undefined ? new PoolServerError(error) : aborted();
  }

  /** Makes the server parse a statement anew. It was rolled back with all before it, so that all can be run again. */
  async #renew(statement: Statement | undefined): Promise<boolean> {
    if (statement === undefined || this.#cancel !== undefined) return false;
    this.#backend.forget(statement);
    return await this.#clean();
  }

  async #cleanAndFree(): Promise<void> {
    if (await this.#clean()) this.#free();
  }

  /** Cleans up, once no cancel request can arrive any more. Closes the connection when it is not clean then. */
  async #clean(): Promise<boolean> {
    this.#limit("a clean-up took too long");
    try {
      await this.#cancel;
      const over = this.#backend.status === "I";
      const answer = await this.#backend.runSimple(over ? CLEAN_UP : `ROLLBACK; ${CLEAN_UP}`);
      const verdict = answer.results.at(-1)?.rows[0]?.[0];
      if (answer.error === undefined && this.#backend.status === "I" && verdict?.toString() === "t")
        return true;
      this.#doubt("something was left that cannot be taken away");
    } catch {
      // The connection is over, or as good as that.
    } finally {
      this.#callOff();
    }
    return false;
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
