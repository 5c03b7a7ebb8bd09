import type { RequestHeaders } from "./headers.ts";

/** Longer ones are rare, and would hold more memory than they save time. */
const LONGEST = 4096;
/** Of each of two generations: some 2 MB at the very most. */
const MOST = 256;
/** How long a generation lasts at most: about as long as clients pause while they are busy. */
const GENERATION_MS = 15_000;

/**
 * Header fields that came lately, by their very bytes: clients send the same ones with every request, a token among
 * them, and what was read of them once need not be read again. Whoever makes fields up drives others out, which costs
 * those no more than reading them. Two generations: what was not met for two of them is forgotten, tokens with it.
 */
export class KnownFields {
  #recent = new Map<string, RequestHeaders>();
  #older = new Map<string, RequestHeaders>();
  #endsAt = 0;

  /** @param text the lines, of ASCII alone, as they came */
  get(text: string): RequestHeaders | undefined {
    const recent = this.#recent.get(text);
    if (recent !== undefined) return recent;
    const older = this.#older.get(text);
    if (older !== undefined) this.keep(text, older);
    return older;
  }

  keep(text: string, headers: RequestHeaders): void {
    if (text.length > LONGEST) return;
    if (this.#recent.size >= MOST) this.#next();
    this.#recent.set(text, headers);
  }

  /** Begins another generation when it is time. */
  age(now: number): void {
    if (now < this.#endsAt) return;
    this.#endsAt = now + GENERATION_MS;
    this.#next();
  }

  /** Forgets everything. */
  clear(): void {
    this.#next();
    this.#next();
  }

  #next(): void {
    this.#older = this.#recent;
    this.#recent = new Map();
  }
}
