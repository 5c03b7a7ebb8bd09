/** Where results go: progress and tables to the terminal, everything to a file. */
import { Progress } from "../support/progress.ts";
import { goalsText } from "./goals.ts";
import type { Sample, Watcher } from "./interleave.ts";
import { type MemorySample, memoryText, overBody } from "./memory.ts";
import type { Options } from "./options.ts";
import { BASES, POSTERNS } from "./peers/all.ts";
import { summarise } from "./summary.ts";
import { table } from "./table.ts";

/** Collects what a benchmark finds. */
export class Report {
  readonly #samples: Sample[] = [];
  readonly #memory: MemorySample[] = [];
  readonly progress: Progress;

  /** @param expected readings that will be taken */
  constructor(expected: number) {
    this.progress = new Progress(expected);
  }

  /** Writes down each sample and shows it. */
  get watcher(): Watcher {
    const { step, failed } = this.progress;
    return { step, failed, sample: (sample) => this.#sample(sample) };
  }

  memory(sample: MemorySample): void {
    this.#memory.push(sample);
    const over = `${overBody(sample).toFixed(2)} bodies over idle`;
    this.progress.step(`memory, ${sample.what}, ${sample.peer}: ${over}`);
  }

  /** The tables, and what was to be reached. */
  text({ cases }: Options): string {
    const summaries = summarise(this.#samples, BASES);
    const results = { samples: this.#samples, memory: this.#memory };
    const names = POSTERNS.map(({ name }) => name);
    return [
      ...cases.map((which) => table(which, summaries, BASES)),
      memoryText(this.#memory),
      goalsText(names, results),
    ]
      .filter((part) => part !== "")
      .join("\n");
  }

  /** Writes everything as JSON. */
  write(options: Options, versions: Readonly<Record<string, string>>): void {
    this.progress.write(options.json, {
      versions,
      settings: options.settings,
      summaries: summarise(this.#samples, BASES),
      samples: this.#samples,
      memory: this.#memory,
    });
  }

  #sample(sample: Sample): void {
    this.#samples.push(sample);
    const { perSecond, p50Ms, p99Ms, cpuMicros } = sample;
    const times = p50Ms === undefined ? "" : `, p50 ${p50Ms.toFixed(1)} p99 ${p99Ms?.toFixed(1)} ms`;
    const cpu = cpuMicros === undefined ? "" : `, ${cpuMicros.toFixed(0)} µs CPU`;
    this.progress.taken(`${sample.case}, ${sample.peer}: ${perSecond.toFixed(0)} requests/s${times}${cpu}`);
  }
}
