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
  /** When the session ends by itself and why, as it was decided at its beginning. */
  readonly until: Until | undefined;
}

/** When a session ends by itself and why, milliseconds since the epoch. */
export interface Until {
  readonly at: number;
  readonly reason: EndReason;
}

/**
 * What has become of the right that a session rests on, asked at its end: another end, none at all any more, or "over".
 */
export type Renewal = () => Until | undefined | "over";

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
  #until: Until | undefined;
  #warning: { readonly before: readonly number[]; readonly warn: (leftMs: number) => void } | undefined;

  constructor(facts: SessionFacts, startedAt: number, keeping: Keeping) {
    this.facts = facts;
    this.#until = facts.until;
    this.startedAt = startedAt;
    this.#keeping = keeping;
  }

  /** When it ends by itself, as far as is known now. */
  get until(): Until | undefined {
    return this.#until;
  }

  /** Its right was given for longer, or for good. */
  prolong(until: Until | undefined): void {
    this.#until = until;
    this.#armWarnings(this.#keeping.now());
    this.#keeping.changed();
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
    this.#warning = { before, warn };
    this.#armWarnings(this.startedAt);
  }

  #armWarnings(from: number): void {
    const end = this.#until?.at;
    if (end === undefined || this.#warning === undefined) return;
    const { before, warn } = this.#warning;
    for (const time of before.map((ms) => end - ms).filter((one) => one > from))
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

  /**
   * Enters a session and sets the clock for its end.
   * @param renewal asked when that comes; without it, the end is the end
   */
  open(facts: SessionFacts, renewal: Renewal = () => "over"): Session {
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
    const endAt = (until: Until | undefined) => {
      if (until !== undefined) at(until.at, () => endOrGoOn(until));
    };
    const endOrGoOn = ({ at: end, reason }: Until) => {
      const renewed = renewal();
      // Only a later end is another one: a clock that was put back would say that the old one is yet to come.
      if (renewed === "over" || (renewed !== undefined && renewed.at <= Math.max(end, this.#clock.now())))
        return session.end(reason);
      session.prolong(renewed);
      endAt(renewed);
    };
    endAt(facts.until);
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
