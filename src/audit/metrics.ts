/**
 * What can be counted of Postern's events, for Prometheus. Every event of the closed union says what it counts. No
 * label holds what a client chose (a role, a database, a name, an address): the number of series is bounded by the
 * configuration and by our own closed unions.
 */
import { collectDefaultMetrics, Registry } from "prom-client";
import type { Clock } from "../base/clock.ts";
import type { Event, Observe } from "../base/event.ts";
import type { Counting } from "./counting.ts";
import { createCounting } from "./counting.ts";
import { createGauges } from "./gauges.ts";
import type { Readings, Tally } from "./readings.ts";

/** A process's metrics as data: what a worker hands to its supervisor. */
export type MetricsJson = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>;

interface MetricsParts {
  readonly clock: Clock;
  /** Reads what has a state rather than events; undefined while there is nothing to read. */
  readonly read: () => Readings | undefined;
}

/** The event loop's delay is sampled at this period: often enough to see a stall, seldom enough to cost nothing. */
const LOOP_SAMPLE_MS = 100;

/** All metrics of one process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counting: Counting;

  constructor({ clock, read }: MetricsParts) {
    const registers = [this.#registry];
    const tally: Tally = { keysLoadedAt: new Map(), endedBytes: { fromClient: 0, toClient: 0 } };
    this.#counting = createCounting({ registers, clock, tally });
    createGauges({ registers, clock, tally, read });
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  }

  /** Counts an event. */
  readonly observe: Observe = (event) => {
    const count = this.#counting[event.event] as (event: Event) => void; // it is the entry of this very event
    count(event);
  };

  /** Everything in Prometheus' text format, version 0.0.4. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  json(): Promise<MetricsJson> {
    return this.#registry.getMetricsAsJSON();
  }
}

/** The media type of the text format. */
export const METRICS_MEDIA_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;
