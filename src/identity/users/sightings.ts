import type { Clock } from "../../base/clock.ts";
import type { Identity } from "../identity.ts";
import { NO_PROOF } from "../identity.ts";
import { PERSONAL_TOKEN_PROOF } from "../personal-tokens/verifier.ts";
import { mapKeyOf, type Sighting, type UserTable } from "./port.ts";

/** Enough to tell who is still here, and no write for each request. */
const NOTED_EVERY_MS = 10 * 60_000;
/** People of whom it is known that nothing is to be noted; whoever is forgotten is noted once more. */
const MAX_KNOWN = 10_000;
/** While the store is slow, so many wait; more are noted at a later login. */
const MAX_WAITING = 10_000;
/** In one statement. */
const BATCH = 500;

interface Noted {
  readonly said: string;
  readonly at: number;
}

/**
 * Takes note of who comes, behind their logins' backs: who there is, when they came last, and what their issuer says of
 * them. One write at a time; what comes meanwhile goes into the next.
 */
export class Sightings {
  readonly #table: Pick<UserTable, "seen">;
  readonly #clock: Clock;
  /** Who was noted when and as whom, the oldest first. */
  readonly #noted = new Map<string, Noted>();
  readonly #waiting = new Map<string, Sighting>();
  #writing = false;

  constructor(table: Pick<UserTable, "seen">, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** Somebody has just proved who they are. */
  seen({ issuer, subject, username, groups, proof }: Identity): void {
    if (proof === NO_PROOF) return;
    const signed = proof.algorithm !== PERSONAL_TOKEN_PROOF;
    const key = mapKeyOf({ issuer, subject });
    const said = signed ? JSON.stringify([username, groups]) : "";
    const noted = this.#noted.get(`${signed} ${key}`);
    const now = this.#clock.now();
    if (noted?.said === said && now - noted.at < NOTED_EVERY_MS) return;
    if (this.#waiting.size >= MAX_WAITING) return;
    this.#note(`${signed} ${key}`, { said, at: now });
    if (signed || !this.#waiting.has(key))
      this.#waiting.set(key, { issuer, subject, username, groups, signed });
    void this.#write();
  }

  #note(key: string, noted: Noted): void {
    this.#noted.delete(key);
    this.#noted.set(key, noted);
    for (const oldest of this.#noted.keys()) {
      if (this.#noted.size <= MAX_KNOWN) break;
      this.#noted.delete(oldest);
    }
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    while (this.#waiting.size > 0) {
      // In one order at every node, so that no two wait for each other.
      const batch = [...this.#waiting].slice(0, BATCH).sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [key] of batch) this.#waiting.delete(key);
      // Its failure is nobody's concern; they are noted when they come again.
      await this.#table.seen(batch.map(([, sighting]) => sighting)).catch(() => this.#forget(batch));
    }
    this.#writing = false;
  }

  #forget(batch: readonly (readonly [string, Sighting])[]): void {
    for (const [key, { signed }] of batch) this.#noted.delete(`${signed} ${key}`);
  }
}
