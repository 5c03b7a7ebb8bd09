import type { Addresses } from "./doors.ts";
import type { Observation } from "./observation.ts";
import type { Loaded } from "./reloading.ts";

/** A running Postern, in one process or in several. */
export interface Postern {
  readonly observation: Observation;
  /** Where the doors listen. */
  readonly addresses: Addresses;
  /**
   * Puts a configuration in force, whole or not at all.
   * @throws Error when it cannot be put in force; then nothing has changed
   */
  reload(loaded: Loaded): Promise<void>;
  /** Has the REST door load its catalog again. */
  reloadCatalog(): void;
  /** Drains, and resolves when nothing is left. Sessions are cut at once when `hurry` is aborted. */
  stop(hurry: AbortSignal): Promise<void>;
}
