import { AggregatorRegistry, type Registry } from "prom-client";
import type { MetricsJson } from "./metrics.ts";

/** One set of metrics out of those of several processes: each metric knows how it is put together. */
export async function aggregate(parts: readonly MetricsJson[]): Promise<Registry> {
  return AggregatorRegistry.aggregate([...parts]);
}

/** What a process that is gone has counted: counters must not fall, or every rate over them would jump. */
export function countersOf(metrics: MetricsJson): MetricsJson {
  return metrics.filter(({ type }) => COUNTED.has(String(type)));
}

const COUNTED: ReadonlySet<string> = new Set(["counter", "histogram"]);
