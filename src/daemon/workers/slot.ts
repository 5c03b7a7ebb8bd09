import type { MetricsJson } from "../../audit/metrics.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** A worker that dies is replaced after this long; each death soon after doubles it up to the most. */
const FIRST_RESTART_MS = 100;
const MOST_RESTART_MS = 10_000;
/** A worker that served this long did not die of what killed the one before. */
const STEADY_MS = 60_000;

/** The place of one worker; the processes in it come and go. */
export class Slot {
  readonly worker: number;
  process: WorkerProcess | undefined;
  /** Whether the process's door is open. */
  serving = false;
  startedAt = 0;
  /** What the process had counted when it was last asked. */
  counted: MetricsJson = [];
  #nextRestartMs = FIRST_RESTART_MS;

  constructor(worker: number) {
    this.worker = worker;
  }

  /** How long to wait before the process that died at `now` is replaced. */
  restartAfter(now: number): number {
    const wait = now - this.startedAt >= STEADY_MS ? FIRST_RESTART_MS : this.#nextRestartMs;
    this.#nextRestartMs = Math.min(wait * 2, MOST_RESTART_MS);
    return wait;
  }
}
