import type { Abort } from "../../../base/abort.ts";
import type { Clock } from "../../../base/clock.ts";
import { messageOf } from "../../../base/error.ts";
import type { Observe } from "../../../base/event.ts";
import type { ClusterName, DatabaseName } from "../../../base/ids.ts";
import { loadCatalog } from "./load.ts";
import type { CatalogScope, CatalogSource } from "./source.ts";
import type { Catalog } from "./types.ts";

/** Loads follow one another at this distance at least: a burst of notifications costs two loads, not hundreds. */
const QUIET_MS = 100;

/** After a failed load the next is tried after 1 s, then twice as long each time, up to PostgREST's 32 s. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 32_000;

/**
 * An error that looks like a stale catalog asks for a load at most this often: clients can cause such errors at will,
 * for instance by a function that names a table which does not exist. Each load for such a reason that found nothing new
 * doubles the pause: loading a large database once every two minutes is a hundredth of the time.
 */
const STALE_MS = 5000;
const LONGEST_STALE_MS = 120_000;

export interface KeeperParts {
  readonly source: CatalogSource;
  readonly scope: CatalogScope;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly cluster: ClusterName;
  readonly database: DatabaseName;
  /** Used until the first load: what a keeper of the configuration before had. */
  readonly current: Catalog | undefined;
  /** A load has failed; it is tried again. Nobody wants to know by default. */
  readonly onFailed?: (error: unknown) => void;
}

/** What is going on. Only one load runs at a time. */
type State =
  | { readonly kind: "resting" }
  /** `again`: something may have changed after the load under way had begun. */
  | { readonly kind: "loading"; again: boolean }
  | { readonly kind: "waiting"; readonly callOff: () => void }
  | { readonly kind: "stopped" };

/**
 * Keeps the current catalog. Requests go on with the one they have while another is loaded; a load that fails leaves
 * it as it is and is tried again.
 *
 *                      ask, long after the last load
 *     resting ────────────────────────────────────────▶ loading
 *       ▲ │                                             ▲ │ │
 *       │ │ ask, soon after it       time up, or asked  │ │ │
 *       │ └─────────────────────▶ waiting ──────────────┘ │ │
 *       │                            ▲   failed, or asked │ │
 *       │                            └────────────────────┘ │
 *       └───────────────────────────────────────────────────┘
 *                               loaded
 *
 * | state   | ask                       | stale   | loaded                   | failed  | time up  |
 * |---------|---------------------------|---------|--------------------------|---------|----------|
 * | resting | loading; waiting if soon  | as ask  |                          |         |          |
 * | loading | loading, asked again      | loading | resting; again: as asked | waiting |          |
 * | waiting | loading; waiting if soon  | waiting |                          |         | loading  |
 * | stopped | stopped                   | stopped | stopped                  | stopped |          |
 *
 * Where a cell is empty the event cannot happen. Closing leads to stopped from everywhere.
 */
export class CatalogKeeper {
  readonly #parts: KeeperParts;
  #catalog: Catalog | undefined;
  #state: State = { kind: "resting" };
  #failures = 0;
  #lastStart = Number.NEGATIVE_INFINITY;
  #lastStale = Number.NEGATIVE_INFINITY;
  #staleMs = STALE_MS;
  /** Whether the load under way, or the next, has no other reason than an error that looked like a stale catalog. */
  #onSuspicion = false;
  #firstEnded = false;
  readonly #waiters = new Set<() => void>();

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#catalog = parts.current;
  }

  /** The catalog to plan with; undefined while none was ever loaded. */
  get catalog(): Catalog | undefined {
    return this.#catalog;
  }

  /**
   * Resolves when the first load has ended, well or not: nobody waits for a database that is not there.
   * @param abort ends the wait
   */
  async loaded(abort?: Abort): Promise<Catalog | undefined> {
    if (!this.#firstEnded && this.#state.kind !== "stopped" && abort?.aborted !== true)
      await new Promise<void>((resolve) => {
        const release = () => {
          abort?.removeEventListener("abort", release);
          this.#waiters.delete(release);
          resolve();
        };
        abort?.addEventListener("abort", release);
        this.#waiters.add(release);
      });
    return this.#catalog;
  }

  start(): void {
    this.#ask();
  }

  /** What PostgREST calls reloading the schema cache: a notification, or a signal. */
  reload(): void {
    this.#onSuspicion = false;
    this.#ask();
  }

  /** The server did not know what the catalog knows: the catalog is most likely out of date. */
  stale(): void {
    const now = this.#parts.clock.now();
    if (this.#state.kind !== "resting" || now - this.#lastStale < this.#staleMs) return;
    this.#lastStale = now;
    this.#onSuspicion = true;
    this.#ask();
  }

  /** Loads nothing more; what there is stays for the requests that still run. */
  close(): void {
    if (this.#state.kind === "waiting") this.#state.callOff();
    this.#state = { kind: "stopped" };
    this.#release();
  }

  #ask(): void {
    switch (this.#state.kind) {
      case "resting":
        this.#begin();
        return;
      case "loading":
        this.#state.again = true;
        return;
      case "waiting":
        this.#state.callOff();
        this.#begin();
        return;
      case "stopped":
        return;
      default:
        this.#state satisfies never;
    }
  }

  #begin(): void {
    const { clock } = this.#parts;
    const quiet = this.#lastStart + QUIET_MS - clock.now();
    if (quiet > 0) this.#wait(quiet);
    else void this.#load();
  }

  #wait(ms: number): void {
    this.#state = { kind: "waiting", callOff: this.#parts.clock.after(ms, () => void this.#load()) };
  }

  async #load(): Promise<void> {
    const { source, scope, clock } = this.#parts;
    const state: State = { kind: "loading", again: false };
    this.#state = state;
    this.#lastStart = clock.now();
    try {
      const catalog = await loadCatalog(source, scope);
      if (this.#state !== state) return; // closed meanwhile
      this.#loaded(catalog);
    } catch (error) {
      if (this.#state !== state) return;
      this.#failed(error);
      return;
    }
    this.#state = { kind: "resting" };
    if (state.again) this.#begin();
  }

  #loaded(catalog: Catalog): void {
    const { observe, cluster, database, clock } = this.#parts;
    const changed = catalog.fingerprint !== this.#catalog?.fingerprint;
    if (changed) {
      this.#catalog = catalog; // else what was made of the one before, such as the description of the API, is good still
      this.#staleMs = STALE_MS;
    } else if (this.#onSuspicion) this.#staleMs = Math.min(2 * this.#staleMs, LONGEST_STALE_MS);
    this.#onSuspicion = false;
    this.#failures = 0;
    this.#release();
    observe({
      event: "catalog.loaded.v1",
      cluster,
      database,
      tables: sizes(catalog.tables),
      routines: sizes(catalog.routines),
      relationships: sum(catalog.relationships, (list) => list.length),
      durationMs: clock.now() - this.#lastStart,
    });
  }

  #failed(error: unknown): void {
    const { observe, cluster, database } = this.#parts;
    const retryMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS);
    this.#failures++;
    this.#release();
    observe({ event: "catalog.failed.v1", cluster, database, detail: messageOf(error), retryMs });
    this.#wait(retryMs);
    this.#parts.onFailed?.(error);
  }

  #release(): void {
    this.#firstEnded = true;
    for (const release of this.#waiters) release();
  }
}

type BySchema<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;

function sizes(maps: BySchema<unknown>): number {
  return sum(maps, () => 1);
}

function sum<T>(maps: BySchema<T>, count: (value: T) => number): number {
  let total = 0;
  for (const names of maps.values()) for (const value of names.values()) total += count(value);
  return total;
}
