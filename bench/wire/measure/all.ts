import { copy } from "./copy.ts";
import { logins } from "./logins.ts";
import type { Measure } from "./measure.ts";
import { memory } from "./memory.ts";
import { throughput } from "./throughput.ts";

/** Every measurement, in the order in which it is run. */
export const MEASURES: readonly Measure[] = [throughput, logins, copy, memory];
