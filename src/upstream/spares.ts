/**
 * Connections that are opened before they are asked for.
 *
 * A spare is opened under the admission of a login that just succeeded, and handed only to another admission whose
 * cluster, role, database and startup parameters are the same to the byte. That is sound because the connection is
 * what this other admission would have opened: PostgreSQL knows a session by nothing else, no one has sent it anything
 * but a login, and the role's rights and account are looked at again when it is handed out. What could differ yet is what
 * SQL does not tell (pg_hba.conf, a new password), so a spare lives for seconds only. On any doubt, a byte that
 * arrived or a connection that ended, it is closed. No spare is opened without a login that asks for its like, so none
 * outlives the right to it by more than its own short life.
 */
import type { Clock } from "../base/clock.ts";
import { terminate } from "../protocol/client-messages.ts";
import type { Opened } from "./connector.ts";

/** How long a spare may wait. What changed for its role on the server is noticed after this long at most. */
const LIFE_MS = 30_000;
/** Spares of one cluster: each takes a connection slot of the server. */
const MAX_SPARES = 256;
/** A server hangs up upon Terminate in no time; one that does not must not make us keep the connection. */
const DISMISS_MS = 1000;

interface Spare {
  readonly opened: Opened;
  /** Stops watching it. */
  release(): void;
}

/** The spares of one cluster. */
export class Spares {
  readonly #clock: Clock;
  readonly #perKey: number;
  readonly #ready = new Map<string, Spare[]>();
  readonly #opening = new Map<string, number>();
  #total = 0;
  #generation = 0;

  /** @param perKey spares for each role, database and set of startup parameters */
  constructor(clock: Clock, perKey: number) {
    this.#clock = clock;
    this.#perKey = perKey;
  }

  /** What must be the same for a spare to serve. */
  static key(startup: ReadonlyMap<string, string>): string {
    return JSON.stringify([...startup].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The oldest spare that is in good order. */
  take(key: string): Opened | undefined {
    const spare = this.#ready.get(key)?.[0];
    if (spare === undefined) return undefined;
    this.#remove(key, spare);
    return spare.opened;
  }

  /** Opens what is missing, in the background. A failure is not retried: the next login tries again. */
  fill(key: string, open: () => Promise<Opened>): void {
    const generation = this.#generation;
    for (let missing = this.#missing(key); missing > 0; missing--) {
      this.#count(key, 1);
      open()
        .then(
          (opened) =>
            generation === this.#generation ? this.#add(key, opened) : dismiss(opened, this.#clock),
          () => {}, // the opener reported it
        )
        .finally(() => this.#count(key, -1));
    }
  }

  /** Closes all spares, and those that are being opened as soon as they are. */
  clear(): void {
    this.#generation += 1;
    for (const [key, spares] of [...this.#ready]) for (const spare of [...spares]) this.#drop(key, spare);
  }

  get size(): number {
    return this.#total;
  }

  #missing(key: string): number {
    const opening = this.#opening.get(key) ?? 0;
    const wanted = this.#perKey - (this.#ready.get(key)?.length ?? 0) - opening;
    const inAll = [...this.#opening.values()].reduce((sum, count) => sum + count, this.#total);
    return Math.min(wanted, MAX_SPARES - inAll);
  }

  #count(key: string, by: number): void {
    const count = (this.#opening.get(key) ?? 0) + by;
    if (count > 0) this.#opening.set(key, count);
    else this.#opening.delete(key);
  }

  #add(key: string, opened: Opened): void {
    const { channel } = opened.session;
    const callOff = this.#clock.after(LIFE_MS, () => this.#drop(key, spare));
    const spare: Spare = {
      opened,
      release: () => {
        callOff();
        channel.unwatch();
        channel.wire.ref();
      },
    };
    this.#ready.set(key, [...(this.#ready.get(key) ?? []), spare]);
    this.#total += 1;
    channel.wire.unref();
    channel.watch(() => this.#drop(key, spare));
  }

  #drop(key: string, spare: Spare): void {
    if (this.#remove(key, spare)) dismiss(spare.opened, this.#clock);
  }

  #remove(key: string, spare: Spare): boolean {
    const spares = this.#ready.get(key) ?? [];
    if (!spares.includes(spare)) return false;
    const left = spares.filter((other) => other !== spare);
    if (left.length > 0) this.#ready.set(key, left);
    else this.#ready.delete(key);
    this.#total -= 1;
    spare.release();
    return true;
  }
}

/** Closes a connection that nobody gets: in order, and at once when the server does not hang up. */
export function dismiss({ session }: Opened, clock: Clock): void {
  const { channel } = session;
  channel.send(terminate);
  channel.wire.end();
  clock.after(DISMISS_MS, () => channel.wire.destroy());
}
