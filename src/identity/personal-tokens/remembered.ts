import type { Clock } from "../../base/clock.ts";
import type { PersonalTokenRecord, PersonalTokens } from "./port.ts";

/**
 * How long a record stands without being asked for again. The store tells of changes at once; this bounds what a lost
 * message can cost, and lets a door that verifies with each request ask once.
 */
const TRUSTED_MS = 5000;
/** A use is noted once a minute: enough to find tokens that nobody needs, and no write for each request. */
const NOTED_EVERY_MS = 60_000;

/** Where something changes all the time, what is asked for must come to an end: it is trusted for seconds only. */
const MAX_QUESTIONS = 5;

interface Remembered {
  readonly record: PersonalTokenRecord;
  readonly askedAt: number;
  notedAt: number;
}

/** The tokens that were used in this process, as the store last told. It lives across reloads: sessions rest on it. */
export class RememberedTokens {
  readonly #table: PersonalTokens;
  readonly #clock: Clock;
  readonly #known = new Map<string, Remembered>();
  readonly #listeners = new Set<() => void>();
  /** How often something changed: what was asked for before, and is answered after a change, says nothing. */
  #changes = 0;

  constructor(table: PersonalTokens, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** The record of a token. Rejects when the store has to be asked and cannot be. */
  async get(id: string): Promise<PersonalTokenRecord | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined && this.#clock.now() - known.askedAt < TRUSTED_MS) return known.record;
    const [record] = await this.#ask([id]);
    this.#keep(id, record);
    return record;
  }

  /** Whether sessions may go on that rest on a token, as far as this process knows. Does not ask. */
  stands(id: string): boolean {
    const record = this.#known.get(id)?.record;
    return record !== undefined && record.revokedAt === undefined && record.ownerDisabledAt === undefined;
  }

  /** The owner of a token that was used here. */
  ownerOf(id: string): PersonalTokenRecord | undefined {
    return this.#known.get(id)?.record;
  }

  /**
   * Asks again for a token that may have changed, or for all that were used here, and tells who listens when something
   * did. What cannot be asked now stays as it was: an outage ends no session. Never rejects.
   */
  async refresh(id?: string): Promise<void> {
    this.#changes += 1;
    const ids = id === undefined ? [...this.#known.keys()] : this.#known.has(id) ? [id] : [];
    if (ids.length === 0) return;
    const found = await this.#ask(ids).catch(() => undefined);
    if (found === undefined) return;
    const byId = new Map(found.map((record) => [record.id, record]));
    const before = ids.map((each) => this.#rightsOf(each));
    for (const each of ids) this.#keep(each, byId.get(each));
    if (ids.some((each, at) => this.#rightsOf(each) !== before[at]))
      for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `listener` when a token that was used here stands no more, or its owner has other groups. Returns a function that ends the subscription. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Notes a use, at most once a minute and behind the login's back. */
  used(id: string, address: string): void {
    const known = this.#known.get(id);
    const now = this.#clock.now();
    if (known === undefined || now - known.notedAt < NOTED_EVERY_MS) return;
    known.notedAt = now;
    this.#table.used(id, address).catch(() => {});
  }

  /** What sessions may rest on. */
  #rightsOf(id: string): string {
    const { username, groups } = this.#known.get(id)?.record ?? {};
    return JSON.stringify([this.stands(id), username, groups]);
  }

  /** Asks until nothing changed meanwhile. */
  async #ask(ids: readonly string[]): Promise<readonly PersonalTokenRecord[]> {
    for (let attempt = 1; ; attempt++) {
      const changes = this.#changes;
      const found = await this.#table.find(ids);
      if (changes === this.#changes || attempt === MAX_QUESTIONS) return found;
    }
  }

  #keep(id: string, record: PersonalTokenRecord | undefined): void {
    const now = this.#clock.now();
    const notedAt = this.#known.get(id)?.notedAt ?? Number.NEGATIVE_INFINITY;
    // A session ends with its token by the clock, so nothing rests on one that has ended.
    if (record === undefined || now >= record.expiresAt) this.#known.delete(id);
    else this.#known.set(id, { record, askedAt: now, notedAt });
  }
}
