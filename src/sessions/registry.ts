/**
 * Which sessions are live, and when each of them ends by itself. The room keeps the list and the clock; how a session
 * is ended is its door's business, and why one may begin is access's.
 */
import type { Clock } from "../base/clock.ts";
import type { DoorName, EndReason, Peer } from "../base/event.ts";
import type { ClusterName, DatabaseName, RoleName, SessionId, SubjectId } from "../base/ids.ts";
import type { Bearer } from "../policy/decision.ts";
import { Deadlines } from "./deadlines.ts";

/** What is known of a session from the moment it is admitted. */
export interface SessionFacts {
  readonly id: SessionId;
  readonly door: DoorName;
  readonly peer: Peer;
  readonly subject: SubjectId;
  readonly username: string;
  readonly cluster: ClusterName;
  readonly database: DatabaseName;
  readonly role: RoleName;
  readonly rule: string;
  /** The issuer and key that the identity was proved with: the session rests on them. */
  readonly proof:
    | { readonly issuer: string; readonly keyThumbprint: string; readonly algorithm: string }
    /** Nobody proved anything; the session rests on policy alone. */
    | "none";
  /** What the decision was made from, so that it can be made again when the policy changes. */
  readonly basis: {
    readonly bearer: Bearer;
    /** The role that was asked for; a request over HTTP may leave it to policy. */
    readonly asked: RoleName | undefined;
    readonly replication: boolean;
    readonly privileged: boolean;
  };
  /** When the session ends by itself and why, milliseconds since the epoch. */
  readonly until: { readonly at: number; readonly reason: EndReason } | undefined;
}

/** How a door ends one of its sessions. Called at most once. */
export type Ender = (reason: EndReason) => void;

/** What the list does for one of its sessions. */
interface Keeping {
  now(): number;
  /** Runs `fn` at a time by the clock on the wall, unless the session is over before. */
  at(time: number, fn: () => void): void;
  changed(): void;
  release(): void;
}

/** One live session. */
export class Session {
  readonly facts: SessionFacts;
  readonly startedAt: number;
  readonly #keeping: Keeping;
  #backendPid: number | undefined;
  #ender: Ender | undefined;
  #ended: EndReason | undefined;

  constructor(facts: SessionFacts, startedAt: number, keeping: Keeping) {
    this.facts = facts;
    this.startedAt = startedAt;
    this.#keeping = keeping;
  }

  /** The server process that serves it alone, as pg_stat_activity shows it. */
  get backendPid(): number | undefined {
    return this.#backendPid;
  }

  servedBy(backendPid: number): void {
    this.#backendPid = backendPid;
    this.#keeping.changed();
  }

  /**
   * Calls `warn` at these times before the session ends by itself, with what is left.
   * @param before milliseconds; times that are past already are left out
   */
  warnAt(before: readonly number[], warn: (leftMs: number) => void): void {
    const end = this.facts.until?.at;
    if (end === undefined) return;
    for (const time of before.map((ms) => end - ms).filter((one) => one > this.startedAt))
      this.#keeping.at(time, () => warn(end - this.#keeping.now()));
  }

  /** Tells how this session is ended. When it was ended before, `ender` is called at once. */
  attach(ender: Ender): void {
    if (this.#ender !== undefined) throw new TypeError("a session has one ender");
    this.#ender = ender;
    if (this.#ended !== undefined) ender(this.#ended);
  }

  /** Ends the session; a second call does nothing. */
  end(reason: EndReason): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#ender?.(reason);
  }

  /** Takes the session off the list. The door calls it, once everything is closed. */
  close(): void {
    this.#ended ??= "client-closed";
    this.#keeping.release();
  }
}

/** What other processes count, and how they learn of ours. */
interface Elsewhere {
  sessionsOf(subject: SubjectId): number;
  sessionsAre(subject: SubjectId, sessions: number): void;
}

/** Told of sessions as they come, change and go. */
export interface SessionWatcher {
  /** It has begun, or there is more to be said of it. */
  opened(session: Session): void;
  closed(session: Session): void;
}

/** All live sessions of this process. */
export class Sessions {
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #live = new Map<SessionId, Session>();
  readonly #perSubject = new Map<SubjectId, number>();
  readonly #watchers = new Set<SessionWatcher>();

  constructor(clock: Clock, elsewhere?: Elsewhere) {
    this.#clock = clock;
    this.#deadlines = new Deadlines(clock);
    this.#elsewhere = elsewhere;
  }

  get size(): number {
    return this.#live.size;
  }

  /** Sessions of one identity, those of other processes included. */
  countOf(subject: SubjectId): number {
    return this.#countHere(subject) + (this.#elsewhere?.sessionsOf(subject) ?? 0);
  }

  list(): Session[] {
    return [...this.#live.values()];
  }

  /** Tells `watcher` of each session that begins or is over. Returns a function that stops it. */
  watch(watcher: SessionWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Enters a session and sets the clock for its end. */
  open(facts: SessionFacts): Session {
    const now = this.#clock.now();
    const timers: (() => void)[] = [];
    const at = (time: number, fn: () => void) => void timers.push(this.#deadlines.set(time, fn));
    const release = () => {
      for (const callOff of timers) callOff();
      if (!this.#live.delete(facts.id)) return;
      this.#add(facts.subject, -1);
      for (const watcher of this.#watchers) watcher.closed(session);
    };
    const changed = () => {
      for (const watcher of this.#watchers) watcher.opened(session);
    };
    const session = new Session(facts, now, { now: () => this.#clock.now(), at, changed, release });
    this.#live.set(facts.id, session);
    this.#add(facts.subject, 1);
    const { until } = facts;
    if (until !== undefined) at(until.at, () => session.end(until.reason));
    changed();
    return session;
  }

  /** Ends every session for which `which` holds. Returns how many. */
  endWhere(which: (facts: SessionFacts) => boolean, reason: EndReason): number {
    const chosen = this.list().filter((session) => which(session.facts));
    for (const session of chosen) session.end(reason);
    return chosen.length;
  }

  #add(subject: SubjectId, by: number): void {
    const count = this.#countHere(subject) + by;
    if (count > 0) this.#perSubject.set(subject, count);
    else this.#perSubject.delete(subject);
    this.#elsewhere?.sessionsAre(subject, count);
  }

  #countHere(subject: SubjectId): number {
    return this.#perSubject.get(subject) ?? 0;
  }
}
