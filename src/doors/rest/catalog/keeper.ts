import type { Clock } from "../../../base/clock.ts";
import type { Observe } from "../../../base/event.ts";
import type { Catalog } from "./types.ts";

export class CatalogKeeper {
  readonly #parts;
  #catalog: Catalog | undefined;
  constructor(parts: {
    load: () => Promise<Catalog>;
    clock: Clock;
    observe: Observe;
    current: Catalog | undefined;
  }) {
    this.#parts = parts;
    this.#catalog = parts.current;
  }
  get catalog() {
    return this.#catalog;
  }
  start() {
    this.reload();
  }
  reload() {
    this.#parts.load().then(
      (catalog) => {
        this.#catalog = catalog;
      },
      (error) => {
        console.error("catalog", error);
        this.#parts.clock.after(1000, () => this.reload());
      },
    );
  }
  close() {}
}
