import type { Statement } from "./pool.ts";

/** A statement that has a name on one connection. */
export interface Prepared {
  readonly key: string;
  readonly name: string;
  /** Whether the server said that it has it. */
  known: boolean;
}

/**
 * The names that one connection knows, least recently used first. Which text a name stands for never changes: what was
 * forgotten comes back under a new one.
 */
export class PreparedStatements {
  readonly #limit: number;
  readonly #byKey = new Map<string, Prepared>();
  #evicted: string[] = [];
  #count = 0;

  /** @param limit names kept; 0: no statement gets one */
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
    if (!statement.prepare || this.#limit === 0) return undefined;
    const key = keyOf(statement);
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      this.#byKey.delete(key);
      this.#byKey.set(key, known);
      return known;
    }
    if (this.#byKey.size >= this.#limit) {
      const [oldest] = this.#byKey.values();
      if (oldest !== undefined) this.#evict(oldest);
    }
    this.#count += 1;
    const prepared = { key, name: `postern_${this.#count.toString(36)}`, known: false };
    this.#byKey.set(key, prepared);
    return prepared;
  }

  /** Forgets everything: what the server has under one of the names, or not, is not known any more. */
  forgetAll(): void {
    for (const prepared of this.#byKey.values()) this.#evict(prepared);
  }

  /** Forgets what the server never said it has. */
  forgetUnknown(): void {
    for (const prepared of this.#byKey.values()) if (!prepared.known) this.#evict(prepared);
  }

  /** Names that the server is to forget; each is given once. */
  evicted(): readonly string[] {
    if (this.#evicted.length === 0) return this.#evicted;
    const names = this.#evicted;
    this.#evicted = [];
    return names;
  }

  #evict({ key, name }: Prepared): void {
    this.#byKey.delete(key);
    this.#evicted.push(name);
  }
}

/** Parse fixes the types of parameters, so that they are part of what a statement is. */
function keyOf({ text, parameterTypes }: Statement): string {
  return parameterTypes === undefined ? text : `${parameterTypes.join(",")}\0${text}`;
}
