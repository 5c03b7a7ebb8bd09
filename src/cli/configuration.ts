import { faultText } from "../config/errors.ts";
import type { LoadResult } from "../config/load.ts";
import { Failure } from "./failure.ts";
import { tell } from "./terminal.ts";

type Loaded = Extract<LoadResult, { kind: "ok" }>;

/** What was loaded, or a failure with a line for every fault. */
export function accepted(result: LoadResult): Loaded {
  if (result.kind === "faults") throw new Failure(result.faults.map(faultText));
  return result;
}

/** Tells the warnings of what was loaded. */
export function withWarnings(result: LoadResult): LoadResult {
  if (result.kind === "ok") for (const warning of result.warnings) tell(`warning: ${faultText(warning)}`);
  return result;
}
