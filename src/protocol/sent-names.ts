/**
 * What names stand for on the server, seen from what was sent: prepared statements, or portals. A name means what the
 * server has confirmed. While it has not answered, it may mean something else already; and behind a failure nothing is
 * run up to the next Sync, so within what one Sync ends the newest is the only one that counts.
 */
export class SentNames<T> {
  readonly #confirmed = new Map<string, T>();
  /** What was sent and is not answered, oldest first. */
  readonly #open = new Map<string, T[]>();
  /** The newest since the last Sync. */
  readonly #newest = new Map<string, T>();

  sent(name: string, value: T): void {
    const open = this.#open.get(name);
    if (open === undefined) this.#open.set(name, [value]);
    else open.push(value);
    this.#newest.set(name, value);
  }

  /** A Sync was sent. */
  synced(): void {
    if (this.#newest.size > 0) this.#newest.clear(); // an empty one would be made anew too
  }

  /** Everything that a name may stand for when the server comes to what is sent now. */
  candidates(name: string): readonly T[] {
    const newest = this.#newest.get(name);
    if (newest !== undefined) return [newest];
    const confirmed = this.#confirmed.get(name);
    const open = this.#open.get(name);
    if (confirmed === undefined) return open?.slice() ?? [];
    return open === undefined ? [confirmed] : [confirmed, ...open];
  }

  /** The server has answered the oldest that was sent under this name. Returns what that was. */
  answered(name: string, isDone: boolean): T | undefined {
    const open = this.#open.get(name);
    const value = open?.shift();
    if (open?.length === 0) this.#open.delete(name);
    if (value !== undefined && isDone) {
      this.#confirmed.delete(name); // the newest comes last
      this.#confirmed.set(name, value);
    }
    return value;
  }

  forget(name: string): T | undefined {
    const value = this.#confirmed.get(name);
    this.#confirmed.delete(name);
    return value;
  }

  /** Everything that any name may stand for. */
  all(): readonly T[] {
    return [...this.#confirmed.values(), ...[...this.#open.values()].flat()];
  }

  get size(): number {
    return this.#confirmed.size;
  }

  /** The name that was confirmed the longest ago. */
  get oldest(): string | undefined {
    return this.#confirmed.keys().next().value;
  }
}
