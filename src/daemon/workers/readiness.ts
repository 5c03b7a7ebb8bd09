import type { Check, Readiness } from "../../doors/control/running.ts";
import { readinessFrom } from "../readiness.ts";
import type { Answered } from "./crew.ts";

/**
 * Several workers as one: a client may meet any of those that serve, so each check must hold in all of them. One that
 * is being replaced meets nobody and does not count, as long as there are others.
 */
export function readinessOfAll(workers: readonly Answered[]): Readiness {
  const checks = new Map<string, Check>();
  for (const worker of workers) {
    if (worker.kind !== "status") continue;
    for (const check of worker.status.readiness.checks)
      if (!check.ok || !checks.has(check.check)) checks.set(check.check, check);
  }
  return readinessFrom([workersCheck(workers), ...checks.values()]);
}

function workersCheck(workers: readonly Answered[]): Check {
  const count = (kind: Answered["kind"]) => workers.filter((worker) => worker.kind === kind).length;
  if (count("silent") > 0) return { check: "workers", ok: false, detail: `${count("silent")} do not answer` };
  const detail = `${count("status")} of ${workers.length} serve; see worker.died in the log`;
  return { check: "workers", ok: count("status") > 0, ...(count("absent") > 0 ? { detail } : {}) };
}
