import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Store } from "./store.ts";

/** What can change in the store that running nodes care about. */
export const CHANGE_KINDS = ["policy", "grant", "token", "user", "session"] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface Change {
  readonly kind: ChangeKind;
  /** Which one; undefined when notifications were missed and it could be any. */
  readonly id: string | undefined;
}

const CHANNEL = "postern_changes";
/** A change whose notification was lost is noticed after this long at the latest. */
const POLL_MS = 5000;

const payloadSchema = z.object({
  kind: z.enum(CHANGE_KINDS),
  id: z.string().max(1024),
});

interface Watching {
  stop(): void;
}

/**
 * Calls `changed` for every change of the store that this node learns of, by notification at once and by a look at the
 * revisions every few seconds. A change may be told twice, and is never left out while the store can be reached.
 */
export function watchChanges(store: Store, clock: Clock, changed: (change: Change) => void): Watching {
  const watcher = new Watcher(store, clock, changed);
  watcher.start();
  return watcher;
}

class Watcher implements Watching {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #changed: (change: Change) => void;
  /** The latest revision that was told of, by kind. */
  readonly #seen = new Map<string, number>();
  #callOff: () => void = () => {};
  #unlisten: () => void = () => {};
  #looking = false;
  #again = false;
  #stopped = false;

  constructor(store: Store, clock: Clock, changed: (change: Change) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#changed = changed;
  }

  start(): void {
    this.#unlisten = this.#store.listen(CHANNEL, (payload) => this.#hear(payload));
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#unlisten();
    this.#callOff();
  }

  #hear(payload: string | undefined): void {
    if (this.#stopped) return;
    const parsed = payload === undefined ? undefined : payloadSchema.safeParse(jsonOf(payload));
    if (parsed?.success !== true) return void this.#look();
    // Every role of the database can notify: it is a hint where to look, and moves no revision that a look compares with.
    const { kind, id } = parsed.data;
    this.#changed({ kind, id });
  }

  async #look(): Promise<void> {
    if (this.#looking) {
      this.#again = true;
      return;
    }
    this.#looking = true;
    this.#callOff();
    try {
      const rows = await this.#store.query("SELECT kind, revision FROM revisions");
      for (const { kind, revision } of rows) this.#compare(String(kind), Number(revision));
    } catch {
      // The store's state says so; the next look or the listening connection will know more.
    }
    this.#looking = false;
    if (this.#stopped) return;
    const again = this.#again;
    this.#again = false;
    if (again) void this.#look();
    else this.#callOff = this.#clock.after(POLL_MS, () => void this.#look());
  }

  #compare(kind: string, revision: number): void {
    const seen = this.#seen.get(kind);
    this.#seen.set(kind, Math.max(revision, seen ?? 0));
    const known = CHANGE_KINDS.find((one) => one === kind);
    if (known !== undefined && (seen ?? 0) < revision && !this.#stopped)
      this.#changed({ kind: known, id: undefined });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
