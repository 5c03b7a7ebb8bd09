import { hash } from "node:crypto";
import type { ProvedIdentity } from "./identity.ts";

/** Claims are kept with the identity, so the length of tokens bounds memory better than their number. */
const MAX_TOTAL_LENGTH = 16 * 1024 * 1024;

interface Entry {
  readonly identity: ProvedIdentity;
  readonly from: number;
  readonly until: number;
  readonly length: number;
}

/**
 * Identities that were proved already, by the SHA-256 of the whole token: two tokens that differ in one bit have
 * nothing in common here. Only successes are kept, so that a flood of bad tokens pushes nothing out. The owner clears
 * it whenever a key changes.
 */
export class TokenCache {
  readonly #entries = new Map<string, Entry>();
  readonly #maxTokens: number;
  #totalLength = 0;

  /** @param maxTokens at about 1 kB each, ten thousand take some ten megabytes; 0 remembers nothing */
  constructor(maxTokens: number) {
    this.#maxTokens = maxTokens;
  }

  static key(token: string): string {
    return hash("sha256", token, "base64url");
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The identity that was proved with this token, if it may be used at `now`. */
  get(key: string, now: number): ProvedIdentity | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (now >= entry.until) {
      this.#drop(key, entry);
      return undefined;
    }
    return now >= entry.from ? entry.identity : undefined;
  }

  /** Keeps an identity for as long as its token may be used; the oldest make room. */
  set(key: string, entry: Entry): void {
    const previous = this.#entries.get(key);
    if (previous !== undefined) this.#drop(key, previous);
    this.#entries.set(key, entry);
    this.#totalLength += entry.length;
    for (const [oldest, old] of this.#entries) {
      if (this.#entries.size <= this.#maxTokens && this.#totalLength <= MAX_TOTAL_LENGTH) break;
      this.#drop(oldest, old);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#totalLength = 0;
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#totalLength -= entry.length;
  }
}
