import type { Admission } from "../../access/admission.ts";
import type { Abort } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { PoolError } from "./errors.ts";
import type { Member } from "./member.ts";
import { DEPTH } from "./pipeline.ts";

/** A connection for who waited. */
export interface Turn {
  readonly member: Member;
  /** It was given to another brief read of the same admission first: this one only joins it. */
  readonly joins: boolean;
}

interface Waiter {
  /** Of a brief read. */
  readonly admission: Admission | undefined;
  readonly deadline: number;
  readonly resolve: (turn: Turn) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests that wait for a connection, first come, first served. All wait equally long, so that one timer serves all. */
export class Queue {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #waiters = new Set<Waiter>();
  #callOff: (() => void) | undefined;
  /** Who waited in vain. */
  timeouts = 0;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /**
   * Waits for a connection. The signal's listener is gone when this settles.
   * @param admission of a brief read, which may share the connection with others of the same
   */
  wait(abort: Abort | undefined, admission?: Admission): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const deadline = this.#clock.now() + this.#timeoutMs;
      const leave = () => abort?.removeEventListener("abort", onAbort);
      const waiter: Waiter = {
        admission,
        deadline,
        resolve: (turn) => {
          leave();
          resolve(turn);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const onAbort = () => {
        this.#waiters.delete(waiter);
        waiter.reject(new PoolError("pool/aborted", "given up while waiting for a connection"));
      };
      abort?.addEventListener("abort", onAbort);
      this.#waiters.add(waiter);
      this.#arm();
    });
  }

  /**
   * Gives a connection to who waits longest and, when that is a brief read, to the next few of the same admission too.
   * Returns whether anybody waits.
   */
  serve(member: Member): boolean {
    const [first] = this.#waiters;
    if (first === undefined) return false;
    this.#give(first, { member, joins: false });
    if (first.admission === undefined) return true;
    let room = DEPTH - 1;
    for (const waiter of this.#waiters) {
      if (room === 0) break;
      if (waiter.admission !== first.admission) continue;
      this.#give(waiter, { member, joins: true });
      room -= 1;
    }
    return true;
  }

  #give(waiter: Waiter, turn: Turn): void {
    this.#waiters.delete(waiter);
    waiter.resolve(turn);
  }

  /** Sends everybody away. */
  fail(error: unknown): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const { reject } of waiters) reject(error);
  }

  #arm(): void {
    if (this.#callOff !== undefined) return;
    const [first] = this.#waiters;
    if (first === undefined) return;
    this.#callOff = this.#clock.after(first.deadline - this.#clock.now(), () => {
      this.#callOff = undefined;
      this.#expire();
      this.#arm();
    });
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const waiter of this.#waiters) {
      if (waiter.deadline > now) return;
      this.#waiters.delete(waiter);
      this.timeouts += 1;
      waiter.reject(
        new PoolError("pool/acquisition-timeout", `no connection became free in ${this.#timeoutMs} ms`),
      );
    }
  }
}
