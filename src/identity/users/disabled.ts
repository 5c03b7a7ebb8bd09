import { mapKeyOf, type UserKey, type UserTable } from "./port.ts";

/**
 * Who is disabled, as the store last told. What was told once counts until something else is: an outage lets nobody back
 * in. It lives across reloads.
 */
export class DisabledUsers {
  readonly #table: Pick<UserTable, "disabled">;
  readonly #listeners = new Set<() => void>();
  #revision = "";
  #keys: ReadonlySet<string> | undefined;

  constructor(table: Pick<UserTable, "disabled">) {
    this.#table = table;
  }

  /** Whether the store has told at all. */
  get isKnown(): boolean {
    return this.#keys !== undefined;
  }

  has(user: UserKey): boolean {
    return this.#keys !== undefined && this.#keys.size > 0 && this.#keys.has(mapKeyOf(user));
  }

  /** Reads it anew, and tells who listens when it is another. Rejects when the store cannot be asked. */
  async refresh(): Promise<void> {
    const read = await this.#table.disabled(this.#revision);
    if (read === "unchanged") return;
    const before = this.#keys;
    this.#revision = read.revision;
    this.#keys = new Set(read.users.map(mapKeyOf));
    if (isSame(before ?? new Set(), this.#keys)) return;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `listener` when somebody was disabled or enabled. Returns a function that ends the subscription. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((key) => b.has(key));
}
