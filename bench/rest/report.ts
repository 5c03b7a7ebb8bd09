/** Where results go: progress and tables to the terminal, everything to a file. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { machine } from "../support/machine.ts";
import { goalsText } from "./goals.ts";
import type { Sample, Watcher } from "./interleave.ts";
import { type MemorySample, memoryText, overBody } from "./memory.ts";
import type { Options } from "./options.ts";
import { BASES, POSTERNS } from "./peers/all.ts";
import { summarise } from "./summary.ts";
import { table } from "./table.ts";

export interface Problem {
  readonly what: string;
  readonly why: string;
}

/** Collects what a benchmark finds. */
export class Report implements Watcher {
  readonly #samples: Sample[] = [];
  readonly #memory: MemorySample[] = [];
  readonly #problems: Problem[] = [];
  readonly #started = new Date();
  readonly #expected: number;

  constructor(expected: number) {
    this.#expected = expected;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Shows a step on standard error; standard output is for the tables. */
  readonly step = (text: string): void => {
    process.stderr.write(`… ${text}\n`);
  };

  readonly sample = (sample: Sample): void => {
    this.#samples.push(sample);
    const { perSecond, p50Ms, p99Ms, cpuMicros } = sample;
    const times = p50Ms === undefined ? "" : `, p50 ${p50Ms.toFixed(1)} p99 ${p99Ms?.toFixed(1)} ms`;
    const cpu = cpuMicros === undefined ? "" : `, ${cpuMicros.toFixed(0)} µs CPU`;
    const at = `[${this.#samples.length + this.#problems.length}/${this.#expected}]`;
    this.step(`${at} ${sample.case}, ${sample.peer}: ${perSecond.toFixed(0)} requests/s${times}${cpu}`);
  };

  readonly memory = (sample: MemorySample): void => {
    this.#memory.push(sample);
    this.step(`memory, ${sample.what}, ${sample.peer}: ${overBody(sample).toFixed(2)} bodies over idle`);
  };

  readonly failed = (what: string, why: string): void => {
    this.#problems.push({ what, why });
    this.step(`FAILED ${what}: ${why}`);
  };

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
    const content = {
      started: this.#started.toISOString(),
      ended: new Date().toISOString(),
      machine: machine(),
      versions,
      settings: options.settings,
      summaries: summarise(this.#samples, BASES),
      samples: this.#samples,
      memory: this.#memory,
      problems: this.#problems,
    };
    mkdirSync(dirname(options.json), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify(content, null, 2)}\n`);
  }
}
