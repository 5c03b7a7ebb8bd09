import { boundFloods } from "../audit/flood.ts";
import { createLog } from "../audit/log.ts";
import { Metrics } from "../audit/metrics.ts";
import type { Readings } from "../audit/readings.ts";
import { systemClock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { LogConfig } from "../config/schema.ts";

/** Everything by which this process is seen from outside: each event is logged and counted. */
export class Observation {
  readonly metrics: Metrics;
  readonly #fields: Readonly<Record<string, number>>;
  readonly #bounded: Observe;
  #log: Observe;

  /**
   * @param fields are on every line of the log
   * @param read reads what a scrape shows beside the events
   */
  constructor(log: LogConfig, fields: Readonly<Record<string, number>>, read: () => Readings | undefined) {
    this.#fields = fields;
    this.#log = createLog(log, { fields });
    this.#bounded = boundFloods((event) => this.#log(event), systemClock);
    this.metrics = new Metrics({ clock: systemClock, read });
  }

  readonly observe: Observe = (event) => {
    this.#bounded(event);
    this.metrics.observe(event);
  };

  /** Takes other settings of the log. */
  relog(log: LogConfig): void {
    this.#log = createLog(log, { fields: this.#fields });
  }
}
