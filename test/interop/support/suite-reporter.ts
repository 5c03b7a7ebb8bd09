/** A reporter for `node --test` that writes one line of JSON for each file, so that another test can tell of it. */
import { relative, resolve } from "node:path";
import type { TestEvent } from "node:test/reporters";

const TESTS = resolve(import.meta.dirname, "../..");

/** How the tests of one file ended. */
export interface Ended {
  /** From the folder of all tests. */
  readonly file: string;
  readonly passed: number;
  /** Each test that did not pass, with what went wrong. */
  readonly failures: readonly string[];
}

/** The events of a file come together, its summary last. */
export default async function* lines(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let failures: string[] = [];
  for await (const { type, data } of events) {
    if (type === "test:fail") failures.push(`${data.name}: ${data.details.error.cause ?? "failed"}`);
    if (type !== "test:summary" || data.file === undefined) continue;
    const ended: Ended = { file: relative(TESTS, data.file), passed: data.counts.passed, failures };
    failures = [];
    yield `${JSON.stringify(ended)}\n`;
  }
}
