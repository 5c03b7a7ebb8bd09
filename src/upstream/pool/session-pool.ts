import { Admission } from "../../access/admission.ts";
import type { Abort } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import type { ClusterConfig } from "../../config/schema.ts";
import type { RoleGuard } from "../role-guard.ts";
import type { TargetSessionAttributes } from "../session-attributes.ts";
import { stillSuits } from "../session-attributes.ts";
import type { Connection } from "./backend.ts";
import type { BriefWork, Work } from "./course.ts";
import { isBrief } from "./course.ts";
import { PoolError, PoolServerError } from "./errors.ts";
import { Listener } from "./listener.ts";
import { Member } from "./member.ts";
import { NO_ROLE } from "./own-statements.ts";
import type { Outcome } from "./pipeline.ts";
import type {
  ListenEvents,
  Listening,
  Pool,
  PoolSettings,
  PoolStats,
  Result,
  Statement,
  Transaction,
} from "./pool.ts";
import { Queue, type Turn } from "./queue.ts";

/** A brief read that takes longer than this, or twice as long, does not keep others behind it waiting. */
const SLOW_MS = 100;
/** How often connections are looked at that were idle, or lived, for too long; more often when the limits are short. */
const LOOK_MS = 30_000;

export interface SessionPoolParts {
  readonly clock: Clock;
  readonly cluster: ClusterConfig;
  readonly settings: PoolSettings;
  readonly guard: RoleGuard;
  /** Logs in as the pool's role. */
  readonly open: (abort: AbortSignal, wanted?: TargetSessionAttributes) => Promise<Connection>;
}

/** The connections that a pool's role has to one cluster, opened as they are needed. */
export class SessionPool implements Pool {
  readonly #parts: SessionPoolParts;
  readonly #queue: Queue;
  readonly #members = new Set<Member>();
  /** The one used last is used next: those that are not needed become idle, and the others stay warm. */
  readonly #free: Member[] = [];
  /** The connection that took a brief read of an admission last. */
  readonly #pipes = new WeakMap<Admission, Member>();
  readonly #listeners = new Set<Listener>();
  readonly #closing = new AbortController();
  #opening = 0;
  #retired = false;
  #callOffLook: (() => void) | undefined;
  #callOffSlowLook: (() => void) | undefined;
  #onEmpty: () => void = () => {};

  constructor(parts: SessionPoolParts) {
    this.#parts = parts;
    this.#queue = new Queue(parts.clock, parts.settings.acquisitionTimeoutMs);
  }

  async run(admission: Admission, transaction: Transaction, abort?: Abort): Promise<readonly Result[]> {
    this.#mustBeOurs(admission);
    if (admission.role === NO_ROLE) throw noSuchRole(admission.role);
    const { guard } = this.#parts;
    if (!guard.knows(admission))
      await guard.checkTaken(admission, async (text, role) => {
        const statement = { text, parameters: [role], prepare: true, binary: false };
        return (await this.lookUp(statement, abort)).rows[0];
      });
    return await this.#transact({ role: admission.role, transaction, admission }, abort);
  }

  async lookUp(statement: Statement, abort?: Abort): Promise<Result> {
    const transaction = { readOnly: true, settings: [], statements: [statement], end: "commit" } as const;
    const [result] = await this.#transact({ role: undefined, transaction, admission: undefined }, abort);
    if (result === undefined) throw new TypeError("a statement without a result");
    return result;
  }

  listen(channel: string, events: ListenEvents): Listening {
    const { clock, open } = this.#parts;
    const listener = new Listener({
      clock,
      open,
      channel,
      events,
      onClosed: () => this.#listeners.delete(listener),
    });
    this.#listeners.add(listener);
    return listener;
  }

  stats(): PoolStats {
    const idle = this.#free.length;
    return {
      size: this.#parts.settings.size,
      busy: this.#members.size - idle,
      idle,
      opening: this.#opening,
      waiting: this.#queue.size,
      timeouts: this.#queue.timeouts,
    };
  }

  retire(): void {
    this.#retired = true;
    for (const member of this.#free.splice(0)) member.end();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#callOffLook?.();
    this.#queue.fail(closed());
    for (const listener of this.#listeners) listener.close();
    for (const member of this.#free.splice(0)) member.end();
    if (this.#members.size + this.#opening === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  #mustBeOurs(admission: Admission): void {
    const { cluster, settings } = this.#parts;
    if (!Admission.is(admission)) throw new TypeError("a transaction without an admission");
    if (admission.cluster !== cluster || admission.database !== settings.database || admission.replication)
      throw new TypeError("an admission to something else than this pool");
  }

  async #transact(work: Work, abort: Abort | undefined): Promise<readonly Result[]> {
    if (isBrief(work)) {
      const outcome = await this.#pipe(work, abort);
      if (outcome !== "moved") return outcome;
    }
    this.#mustBeWanted(abort);
    const member = this.#free.pop() ?? (await this.#wait(abort)).member;
    return await abortable(member, work, abort, () => member.transact(work));
  }

  /** A connection that has reads of the same admission comes first, but nobody overtakes those who wait. */
  async #pipe(work: BriefWork, abort: Abort | undefined): Promise<Outcome> {
    this.#mustBeWanted(abort);
    const { admission } = work;
    let member = this.#piping(admission) ?? this.#free.pop();
    if (member === undefined) {
      const turn = await this.#wait(abort, admission);
      if (turn.joins && !turn.member.piping) return "moved"; // whoever it was given to first did not begin
      member = turn.member;
    }
    if (!member.takes(admission)) return "moved"; // the connection was lost meanwhile, or others are not to join
    this.#pipes.set(admission, member);
    this.#lookForSlow();
    return await abortable(member, work, abort, () => member.pipe(work));
  }

  #piping(admission: Admission): Member | undefined {
    if (this.#queue.size > 0) return undefined;
    const member = this.#pipes.get(admission);
    const may = member?.piping === true && member.takes(admission) && !member.retired;
    return may && !this.#isOld(member, this.#parts.clock.now()) ? member : undefined;
  }

  #mustBeWanted(abort: Abort | undefined): void {
    if (this.#closing.signal.aborted) throw closed();
    if (abort?.aborted) throw new PoolError("pool/aborted", "given up before it began");
  }

  #wait(abort: Abort | undefined, admission?: Admission): Promise<Turn> {
    const waiting = this.#queue.wait(abort, admission);
    this.#openMore();
    return waiting;
  }

  /** Opens what waiters need and the size permits. */
  #openMore(): void {
    const { size } = this.#parts.settings;
    while (
      this.#opening < this.#queue.size &&
      this.#members.size + this.#opening < size &&
      !this.#closing.signal.aborted
    )
      void this.#open();
  }

  async #open(): Promise<void> {
    this.#opening += 1;
    try {
      const { open, settings, clock } = this.#parts;
      const connection = await open(this.#closing.signal);
      const member = new Member(connection, settings, clock, {
        onFree: (free) => this.#onFree(free),
        onParameter: (changed) => this.#onParameter(changed),
        onClosed: (gone) => this.#onClosed(gone),
      });
      this.#members.add(member);
      this.#lookLater();
      this.#opening -= 1;
      this.#onFree(member);
    } catch (error) {
      this.#opening -= 1;
      // While there are others, waiters may still be served.
      if (this.#members.size + this.#opening === 0) this.#queue.fail(error);
    }
    this.#tellEmpty();
  }

  #onFree(member: Member): void {
    const now = this.#parts.clock.now();
    if (member.closed) return;
    if (member.retired || this.#closing.signal.aborted || this.#isOld(member, now)) {
      member.end();
      return;
    }
    member.freeSince = now;
    if (this.#queue.serve(member)) return;
    if (this.#retired) member.end();
    else this.#free.push(member);
  }

  /** A server that was promoted, or made read-only, may not be what the cluster's settings want any more. */
  #onParameter(member: Member): void {
    const { cluster } = this.#parts;
    if (member.retired || stillSuits(cluster.targetSessionAttrs, member.connection.parameters)) return;
    member.retired = true;
    if (this.#takeFree(member)) member.end();
  }

  #onClosed(member: Member): void {
    this.#takeFree(member);
    this.#members.delete(member);
    this.#openMore();
    this.#tellEmpty();
  }

  #takeFree(member: Member): boolean {
    const at = this.#free.indexOf(member);
    if (at >= 0) this.#free.splice(at, 1);
    return at >= 0;
  }

  #tellEmpty(): void {
    if (this.#members.size + this.#opening === 0) this.#onEmpty();
  }

  #isOld({ bornAt }: Member, now: number): boolean {
    return now - bornAt >= this.#parts.settings.lifetimeMs;
  }

  /** As long as there are pipelines. */
  #lookForSlow(): void {
    this.#callOffSlowLook ??= this.#parts.clock.after(SLOW_MS, () => {
      this.#callOffSlowLook = undefined;
      let more = false;
      for (const member of this.#members) {
        member.look();
        more ||= member.piping;
      }
      if (more) this.#lookForSlow();
    });
  }

  #lookLater(): void {
    if (this.#callOffLook !== undefined) return;
    const { clock, settings } = this.#parts;
    this.#callOffLook = clock.after(Math.min(LOOK_MS, settings.idleMs, settings.lifetimeMs), () => {
      this.#callOffLook = undefined;
      this.#closeIdle();
      if (this.#members.size > 0) this.#lookLater();
    });
  }

  #closeIdle(): void {
    const now = this.#parts.clock.now();
    const { idleMs } = this.#parts.settings;
    for (const member of [...this.#free]) {
      if (now - member.freeSince < idleMs && !this.#isOld(member, now)) continue;
      this.#takeFree(member);
      member.end();
    }
  }
}

/** Runs work on a connection, which is told when it is given up. */
async function abortable<T>(
  member: Member,
  work: Work,
  abort: Abort | undefined,
  run: () => Promise<T>,
): Promise<T> {
  if (abort === undefined) return await run();
  const onAbort = () => member.abort(work);
  abort.addEventListener("abort", onAbort);
  try {
    const results = run();
    if (abort.aborted) onAbort(); // between the connection's becoming free and now
    return await results;
  } finally {
    abort.removeEventListener("abort", onAbort);
  }
}

/** As PostgreSQL says it of any other name. */
function noSuchRole(role: string): PoolServerError {
  const message = `role "${role}" does not exist`;
  return new PoolServerError(new Map(Object.entries({ S: "ERROR", V: "ERROR", C: "22023", M: message })));
}

function closed(): PoolError {
  return new PoolError("pool/closed", "the pool is being closed");
}
