/** Where results go: progress and tables to the terminal, everything to a file. */
import { Progress } from "../support/progress.ts";
import type { Watcher } from "./interleave.ts";
import type { Measure, Sample } from "./measure/measure.ts";
import type { Options } from "./options.ts";
import type { Peer } from "./peers/peer.ts";
import { type Base, summarise } from "./summary.ts";
import { perLoginText, table } from "./table.ts";

/** Collects what a benchmark finds. */
export class Report {
  readonly #samples: Sample[] = [];
  readonly progress: Progress;

  /** @param expected readings that will be taken */
  constructor(expected: number) {
    this.progress = new Progress(expected);
  }

  /** Writes down each sample and shows it. */
  watcher(measure: Measure): Watcher {
    const { step, failed } = this.progress;
    return { step, failed, sample: (sample) => this.#sample(measure, sample) };
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
    this.progress.write(options.json, {
      versions,
      settings: options.settings,
      summaries: summarise(this.#samples, bases),
      samples: this.#samples,
    });
  }

  #sample(measure: Measure, sample: Sample): void {
    this.#samples.push(sample);
    const value = `${sample.value.toFixed(1)} ${measure.unit}`;
    const cost = sample.cost === undefined ? "" : `, ${sample.cost.toFixed(2)} ${measure.costUnit}`;
    this.progress.taken(`${sample.measure}, ${sample.legs}, ${sample.case}, ${sample.peer}: ${value}${cost}`);
  }
}
