import type { Statement } from "./pool.ts";

/** Characters of all statements that have a name: the server's plans take some 40 bytes for each, on each connection. */
export const MAX_CHARS = 1024 * 1024;
/** A longer statement gets no name: it would drive many others out, and its plan is little of its cost. */
export const LONGEST_NAMED = 64 * 1024;

/** A statement that has a name on one connection. */
export interface Prepared {
  readonly key: string;
  readonly name: string;
  /** When it was used last, as a number of uses. */
  usedAt: number;
  /** Nobody asked the server to parse it yet; that was sent; the server said that it has it. */
  state: "new" | "asked" | "known";
}

/**
 * The names that one connection knows; the least recently used is forgotten first. Which text a name stands for never
 * changes: what was forgotten comes back under a new one.
 */
export class PreparedStatements {
  readonly #limit: number;
  readonly #byKey = new Map<string, Prepared>();
  #evicted: string[] = [];
  #count = 0;
  /** Of all keys. */
  #chars = 0;
  #uses = 0;

  /** @param limit names kept, as long as their statements are not very long; 0: no statement gets one */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /**
   * The name of a statement, which is new when it is not known; undefined when it is to have none. What the new one
   * drove out is among evicted().
   */
  use(statement: Statement): Prepared | undefined {
    if (!statement.prepare || this.#limit === 0 || statement.text.length > LONGEST_NAMED) return undefined;
    const key = keyOf(statement);
    const known = this.#byKey.get(key);
    this.#uses += 1;
    if (known !== undefined) {
      known.usedAt = this.#uses;
      return known;
    }
    this.#makeRoom(key.length);
    this.#count += 1;
    const name = `postern_${this.#count.toString(36)}`;
    const prepared: Prepared = { key, name, usedAt: this.#uses, state: "new" };
    this.#byKey.set(key, prepared);
    this.#chars += key.length;
    return prepared;
  }

  /** Forgets everything: what the server has under one of the names, or not, is not known any more. */
  forgetAll(): void {
    for (const prepared of this.#byKey.values()) this.#evict(prepared);
  }

  /** Forgets some that the server did not come to parse. */
  forget(some: readonly Prepared[]): void {
    for (const prepared of some) if (this.#byKey.get(prepared.key) === prepared) this.#evict(prepared);
  }

  /** Names that the server is to forget; each is given once. */
  evicted(): readonly string[] {
    if (this.#evicted.length === 0) return this.#evicted;
    const names = this.#evicted;
    this.#evicted = [];
    return names;
  }

  #makeRoom(chars: number): void {
    while (this.#byKey.size > 0 && (this.#byKey.size >= this.#limit || this.#chars + chars > MAX_CHARS))
      this.#evictOldest();
  }

  /** Looks at all of them: that is rarer than a use, which would otherwise have to keep them in order. */
  #evictOldest(): void {
    let oldest: Prepared | undefined;
    for (const prepared of this.#byKey.values())
      if (oldest === undefined || prepared.usedAt < oldest.usedAt) oldest = prepared;
    if (oldest !== undefined) this.#evict(oldest);
  }

  #evict({ key, name }: Prepared): void {
    this.#byKey.delete(key);
    this.#chars -= key.length;
    this.#evicted.push(name);
  }
}

/** Parse fixes the types of parameters, so that they are part of what a statement is. */
function keyOf({ text, parameterTypes }: Statement): string {
  return parameterTypes === undefined ? text : `${parameterTypes.join(",")}\0${text}`;
}
