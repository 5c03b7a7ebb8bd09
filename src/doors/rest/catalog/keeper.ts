import type { Clock } from "../../../base/clock.ts";
import type { Catalog } from "./types.ts";

/** A load that failed is tried again after this long. */
const RETRY_MS = 1000;

interface KeeperParts {
  readonly load: () => Promise<Catalog>;
  readonly clock: Clock;
  /** Used until the first load. */
  readonly current: Catalog | undefined;
}

/** Keeps the catalog of an API. */
export class CatalogKeeper {
  readonly #parts: KeeperParts;
  #catalog: Catalog | undefined;
  #first: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#catalog = parts.current;
  }

  get catalog(): Catalog | undefined {
    return this.#catalog;
  }

  /** Resolves when the first load has ended, well or not. */
  async loaded(): Promise<Catalog | undefined> {
    await this.#first;
    return this.#catalog;
  }

  start(): void {
    this.#first = this.#load();
  }

  /** Loads it again; requests are served with the old one meanwhile. */
  reload(): void {
    void this.#load();
  }

  close(): void {
    this.#closed = true;
  }

  async #load(): Promise<void> {
    try {
      this.#catalog = await this.#parts.load();
    } catch {
      if (!this.#closed) this.#parts.clock.after(RETRY_MS, () => void this.#load());
    }
  }
}
