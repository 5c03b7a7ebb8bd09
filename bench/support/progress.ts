import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { machine } from "./machine.ts";

export interface Problem {
  readonly what: string;
  readonly why: string;
}

/** How far a benchmark is, and what went wrong: told on standard error, as standard output is for the tables. */
export class Progress {
  readonly #problems: Problem[] = [];
  readonly #started = new Date();
  readonly #expected: number;
  #taken = 0;

  /** @param expected readings that will be taken */
  constructor(expected: number) {
    this.#expected = expected;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  readonly step = (text: string): void => {
    process.stderr.write(`… ${text}\n`);
  };

  /** Shows a reading with its number. */
  taken(text: string): void {
    this.#taken += 1;
    this.step(`[${this.#taken + this.#problems.length}/${this.#expected}] ${text}`);
  }

  readonly failed = (what: string, why: string): void => {
    this.#problems.push({ what, why });
    this.step(`FAILED ${what}: ${why}`);
  };

  /** Writes everything as JSON. @param results beside when it ran, on what, and what failed */
  write(file: string, results: Readonly<Record<string, unknown>>): void {
    const ran = { started: this.#started.toISOString(), ended: new Date().toISOString(), machine: machine() };
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify({ ...ran, ...results, problems: this.#problems }, null, 2)}\n`);
  }
}
