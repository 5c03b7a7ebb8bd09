/**
 * The sessions of all nodes, through a board that they share. Each node enters its own there, in batches and never in
 * the way of a login: one that does not rest on the store begins and goes on without it. Who wants a session ended
 * that lives elsewhere says so on the board, and its own node ends it.
 */
import type { Clock } from "../base/clock.ts";
import type { SessionId } from "../base/ids.ts";
import { within } from "../base/within.ts";
import type { BoardSession, Node, SessionBoard } from "./board.ts";
import type { Session, Sessions } from "./registry.ts";

/** From the begin of a session to its entry on the board; what is over before is never entered. */
const FLUSH_MS = 500;
/** A sign of life. A board that takes nodes for dead waits for several of them. */
const BEAT_MS = 5000;
/** Entries in one statement. */
const BATCH = 500;
/** Sessions that are over, until the board can be told; beyond that it is told everything anew. */
const MAX_LEFT = 10_000;
/** A node that goes takes its sessions off the board, if that does not take long. */
const LEAVE_MS = 2000;

interface SharedSessionsParts {
  readonly sessions: Sessions;
  readonly board: SessionBoard;
  readonly node: Node;
  readonly clock: Clock;
}

export class SharedSessions {
  readonly #parts: SharedSessionsParts;
  readonly #opened = new Set<Session>();
  readonly #left = new Set<SessionId>();
  /** What the board has of us is not known to be true: everything is entered anew. */
  #anew = true;
  #flushing: Promise<void> | undefined;
  #callOff: () => void = () => {};
  /** When the timer that is set fires. */
  #next = Number.POSITIVE_INFINITY;
  #unwatch: () => void = () => {};
  #closed = false;

  constructor(parts: SharedSessionsParts) {
    this.#parts = parts;
  }

  /** Begins to enter sessions. Does not wait for the board. */
  start(): void {
    this.#unwatch = this.#parts.sessions.watch({
      opened: (session) => this.#opens(session),
      closed: (session) => this.#closes(session),
    });
    this.#flushIn(0);
  }

  /** The sessions of every node that lives. Rejects when the board cannot be asked. */
  list(): Promise<readonly BoardSession[]> {
    return this.#parts.board.list();
  }

  /**
   * Ends a session, wherever it is. Returns whether there is such a session. Rejects when it is not here and the board
   * cannot be asked.
   * @param by who wants it, for the record
   */
  async end(id: string, by: string): Promise<boolean> {
    if (this.#endHere(id)) return true;
    return this.#parts.board.requestEnd(id, by);
  }

  /** Hears that somebody may want a session ended. Anybody can say so: which one it is, the board knows. */
  hear(): void {
    void Promise.resolve(this.#flushing).then(() => (this.#closed ? undefined : this.flush()));
  }

  /** Enters what is new, takes off what is over, and ends what others want ended. Never rejects. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flushOnce().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#callOff();
    this.#unwatch();
    const { board, node, clock } = this.#parts;
    await this.#flushing;
    const removed = board.remove(node).catch(() => {});
    await within(clock, LEAVE_MS, removed, () => {});
  }

  #opens(session: Session): void {
    this.#opened.add(session);
    this.#flushIn(FLUSH_MS);
  }

  #closes(session: Session): void {
    if (this.#opened.delete(session)) return;
    this.#left.add(session.facts.id);
    if (this.#left.size > MAX_LEFT) this.#forget();
    this.#flushIn(FLUSH_MS);
  }

  #endHere(id: string): boolean {
    return this.#parts.sessions.endWhere((facts) => facts.id === id, "revoked") > 0;
  }

  #forget(): void {
    this.#anew = true;
    this.#left.clear();
    this.#opened.clear();
  }

  #flushIn(ms: number): void {
    const { clock } = this.#parts;
    const at = clock.now() + ms;
    if (this.#closed || this.#flushing !== undefined || at >= this.#next) return;
    this.#callOff();
    this.#next = at;
    this.#callOff = clock.after(ms, () => void this.flush());
  }

  async #flushOnce(): Promise<void> {
    this.#callOff();
    this.#next = Number.POSITIVE_INFINITY;
    try {
      await this.#tell();
    } catch {
      // The store's own state tells that it is away. Afterwards nothing is taken for granted.
      this.#forget();
    }
    this.#flushing = undefined;
    const waits = this.#anew || (this.#opened.size === 0 && this.#left.size === 0);
    this.#flushIn(waits ? BEAT_MS : FLUSH_MS);
  }

  async #tell(): Promise<void> {
    const { board, node, sessions } = this.#parts;
    const { known, wanted } = await board.beat(node);
    for (const id of wanted) this.#endHere(id);
    if (!known || this.#anew) {
      await board.clear(node);
      this.#left.clear();
      for (const session of sessions.list()) this.#opened.add(session);
    }
    this.#anew = false;
    for (const batch of batches([...this.#opened])) {
      // Off the list first: one that is over before the board has answered must be taken off again.
      for (const session of batch) this.#opened.delete(session);
      await board.enter(node, batch.map(entryOf));
    }
    for (const batch of batches([...this.#left])) {
      await board.leave(node, batch);
      for (const id of batch) this.#left.delete(id);
    }
  }
}

function batches<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) =>
    all.slice(index * BATCH, (index + 1) * BATCH),
  );
}

/** What the board shows of a session. */
function entryOf({ facts, startedAt, backendPid, until }: Session): Omit<BoardSession, "node"> {
  const { id, door, peer, subject, username, cluster, database, role, rule } = facts;
  return {
    ...{ id, door, subject, username, cluster, database, role, rule },
    address: peer.address,
    backendPid,
    startedAt,
    until: until?.at,
  };
}
