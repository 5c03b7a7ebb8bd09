import { boundFloods } from "../audit/flood.ts";
import type { Ledger } from "../audit/ledger/ledger.ts";
import { createLog } from "../audit/log.ts";
import { Metrics } from "../audit/metrics.ts";
import type { Readings } from "../audit/readings.ts";
import { systemClock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { Config, LogConfig } from "../config/schema.ts";
import { openLedger } from "./ledger.ts";

/** Everything by which this process is seen from outside: each event is logged, counted, and recorded where it belongs. */
export class Observation {
  readonly metrics: Metrics;
  readonly #fields: Readonly<Record<string, number>>;
  readonly #bounded: Observe;
  #log: Observe;
  #ledger: Ledger | undefined;

  /**
   * @param fields are on every line of the log
   * @param read reads what a scrape shows beside the events
   */
  constructor(log: LogConfig, fields: Readonly<Record<string, number>>, read: () => Readings | undefined) {
    this.#fields = fields;
    this.#log = createLog(log, { fields });
    this.#bounded = boundFloods((event) => {
      this.#log(event);
      this.#ledger?.offer(event);
    }, systemClock);
    this.metrics = new Metrics({ clock: systemClock, read });
  }

  readonly observe: Observe = (event) => {
    this.#bounded(event);
    this.metrics.observe(event);
  };

  /**
   * Opens the ledger that the configuration asks for; what belongs in it is recorded from here on.
   * @param worker which worker this process is, when it is one
   * @throws AuditError when it cannot be used
   */
  async openLedger(config: Pick<Config, "audit" | "store">, worker?: number): Promise<void> {
    const { observe } = this;
    this.#ledger = await openLedger(config, { clock: systemClock, observe, worker });
  }

  /** What takes the events that must be recorded; none without a ledger. */
  get recorder(): Ledger | undefined {
    return this.#ledger;
  }

  /** Closes the ledger, once nothing happens any more. */
  async close(): Promise<void> {
    await this.#ledger?.close();
  }

  /** Takes other settings of the log. */
  relog(log: LogConfig): void {
    this.#log = createLog(log, { fields: this.#fields });
  }
}
