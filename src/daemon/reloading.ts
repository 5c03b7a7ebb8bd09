import { hash } from "node:crypto";
import { systemClock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import { faultText } from "../config/errors.ts";
import type { LoadResult } from "../config/load.ts";
import { packConfig } from "../config/transfer.ts";
import type { Watching } from "../config/watch.ts";
import { watchFiles } from "../config/watch.ts";

export type Loaded = Extract<LoadResult, { kind: "ok" }>;

/** A database that could not be asked for its part of the configuration is asked again after this long. */
const RETRY_MS = 5000;
/** SIGUSR2 is what PostgREST takes for it. */
const SIGNALS = ["SIGHUP", "SIGUSR2"] as const;

interface ReloadingParts {
  /** May ask a database. @throws Error when it cannot be asked */
  readonly load: () => LoadResult | Promise<LoadResult>;
  readonly observe: Observe;
  /** Puts a configuration in force, or throws and changes nothing. */
  readonly inForce: (loaded: Loaded) => Promise<void>;
}

/** `if-changed`: a configuration that says what the one in force says is not put in force again. */
type When = "always" | "if-changed";

/** It tells configurations apart, their secrets too, and holds none. */
function digest({ config }: Loaded): string {
  return hash("sha256", JSON.stringify(packConfig(config)));
}

/** Keeps the configuration up to date. One reload at a time; a bad one changes nothing and says so. */
export class Reloading {
  readonly #parts: ReloadingParts;
  readonly #onSignal = () => this.request();
  #source: string;
  #watching: Watching;
  #callOffRetry: () => void = () => {};
  #busy = false;
  #closed = false;
  #again: When | undefined;
  /** What is in force. */
  #digest: string;

  constructor(parts: ReloadingParts, loaded: Loaded) {
    this.#parts = parts;
    this.#source = loaded.source;
    this.#digest = digest(loaded);
    this.#watching = this.#watch(loaded);
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
  }

  /** Puts nothing in force any more, also not what is being read. */
  close(): void {
    this.#closed = true;
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    this.#watching.close();
    this.#callOffRetry();
  }

  #watch({ files }: Loaded): Watching {
    return watchFiles(files, () => this.request(), systemClock);
  }

  /** Asks for a reload; one that is asked for while another runs follows it. */
  request(when: When = "always"): void {
    if (this.#closed) return;
    if (this.#busy) {
      if (this.#again !== "always") this.#again = when;
      return;
    }
    this.#busy = true;
    void this.#reload(when).finally(() => {
      this.#busy = false;
      const again = this.#again;
      this.#again = undefined;
      if (again !== undefined) this.request(again);
    });
  }

  async #reload(when: When): Promise<void> {
    this.#callOffRetry();
    const { load, observe, inForce } = this.#parts;
    const refused = (detail: string) => observe({ event: "config.refused.v1", source: this.#source, detail });
    let loaded: LoadResult;
    try {
      loaded = await load();
    } catch (error) {
      if (this.#closed) return;
      this.#callOffRetry = systemClock.after(RETRY_MS, () => this.request());
      return refused(messageOf(error));
    }
    if (this.#closed) return;
    try {
      if (loaded.kind === "faults") return refused(loaded.faults.map(faultText).join("; "));
      if (when === "if-changed" && digest(loaded) === this.#digest) return;
      await inForce(loaded);
    } catch (error) {
      return refused(messageOf(error));
    }
    this.#source = loaded.source;
    this.#digest = digest(loaded);
    this.#watching.close();
    if (!this.#closed) this.#watching = this.#watch(loaded);
    observe({ event: "config.loaded.v1", source: loaded.source });
  }
}
