/** Where results go: progress and tables to the terminal, everything to a file. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { machine } from "../support/machine.ts";
import type { Watcher } from "./interleave.ts";
import type { Measure, Sample } from "./measure/measure.ts";
import type { Options } from "./options.ts";
import type { Peer } from "./peers/peer.ts";
import { type Base, summarise } from "./summary.ts";
import { perLoginText, table } from "./table.ts";

export interface Problem {
  readonly what: string;
  readonly why: string;
}

/** Collects what a benchmark finds. */
export class Report {
  readonly #samples: Sample[] = [];
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
  step(text: string): void {
    process.stderr.write(`… ${text}\n`);
  }

  /** Writes down each sample and shows it with its number. */
  watcher(measure: Measure): Watcher {
    return {
      step: (text) => this.step(text),
      sample: (sample) => {
        this.#samples.push(sample);
        const at = `[${this.#samples.length + this.#problems.length}/${this.#expected}]`;
        const value = `${sample.value.toFixed(1)} ${measure.unit}`;
        const cost = sample.cost === undefined ? "" : `, ${sample.cost.toFixed(2)} ${measure.costUnit}`;
        this.step(`${at} ${sample.measure}, ${sample.legs}, ${sample.case}, ${sample.peer}: ${value}${cost}`);
      },
      failed: (what, why) => {
        this.#problems.push({ what, why });
        this.step(`FAILED ${what}: ${why}`);
      },
    };
  }

  /** The tables. */
  text(measures: readonly Measure[], peers: readonly Peer[], bases: readonly Base[]): string {
    const summaries = summarise(this.#samples, bases);
    const tables = measures.flatMap((measure) =>
      measure.legs.map((legs) => table(measure, legs, summaries, bases)),
    );
    const withLogins = measures.some(({ name }) => name === "logins");
    return [...tables, withLogins ? perLoginText(peers) : ""].filter((part) => part !== "").join("\n");
  }

  /** Writes everything as JSON. */
  write(options: Options, versions: Readonly<Record<string, string>>, bases: readonly Base[]): void {
    const content = {
      started: this.#started.toISOString(),
      ended: new Date().toISOString(),
      machine: machine(),
      versions,
      settings: options.settings,
      summaries: summarise(this.#samples, bases),
      samples: this.#samples,
      problems: this.#problems,
    };
    mkdirSync(dirname(options.json), { recursive: true });
    writeFileSync(options.json, `${JSON.stringify(content, null, 2)}\n`);
  }
}
