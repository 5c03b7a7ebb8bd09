import assert from "node:assert/strict";
import { test } from "node:test";
import { CASES } from "../../../../bench/rest/cases.ts";
import { goalsText } from "../../../../bench/rest/goals.ts";
import type { Sample } from "../../../../bench/rest/interleave.ts";
import { memoryText } from "../../../../bench/rest/memory.ts";
import { summarise } from "../../../../bench/rest/summary.ts";
import { table } from "../../../../bench/rest/table.ts";

const BASES = [{ peer: "ceiling", head: "x ceiling" }];

function sample(place: Pick<Sample, "case" | "peer" | "round">, perSecond: number): Sample {
  const gateway = place.peer !== "ceiling";
  return {
    ...place,
    perSecond,
    p50Ms: gateway ? 4 : undefined,
    p99Ms: gateway ? 10 : undefined,
    cpuMicros: gateway ? 100 : undefined,
    residentMb: gateway ? 80 : undefined,
  };
}

const SAMPLES = [
  sample({ case: "point", peer: "ceiling", round: 0 }, 10_000),
  sample({ case: "point", peer: "postern-bun", round: 0 }, 7_000),
  sample({ case: "point", peer: "ceiling", round: 1 }, 1_000),
  sample({ case: "point", peer: "postern-bun", round: 1 }, 700),
  sample({ case: "single", peer: "postern-bun", round: 0 }, 7_000),
  sample({ case: "single", peer: "postern-bun", round: 1 }, 700),
  sample({ case: "anonymous", peer: "postern-bun", round: 0 }, 7_000),
  sample({ case: "anonymous", peer: "postern-bun", round: 1 }, 1_000),
];

test("ratios are taken within a round, so that a round that was slow for all does not count", () => {
  const [, mine] = summarise(SAMPLES, BASES);
  assert.equal(mine?.peer, "postern-bun");
  assert.equal(mine.perSecond, 3_850);
  assert.equal(mine.ratios["ceiling"], 0.7);
});

test("a table has a row for each peer, and what a peer does not tell is left open", () => {
  const [point] = CASES;
  assert.ok(point);
  assert.equal(
    table(point, summarise(SAMPLES, BASES), BASES),
    `Point read by primary key, few tokens; medians of 2 rounds
               requests/s  x ceiling  p50 ms  p99 ms  p99/p50  CPU µs    MB
  ceiling            5500       1.00       -       -        -       -     -
  postern-bun        3850       0.70    4.00    10.0     2.50     100  80.0
`,
  );
});

test("goals say what was reached, and only for what was measured", () => {
  const memory = [
    { what: "insert", peer: "postern-bun", round: 0, bodyMb: 50, idleMb: 80, peakMb: 240 },
  ] as const;
  const text = goalsText(["postern-bun", "postern-node"], { samples: SAMPLES, memory });
  assert.match(text, /at least 0.6 of the ceiling\n {4}postern-bun 0.70 \(met\)\n/);
  assert.match(text, /p99 below 5 times p50\n {4}postern-bun 2.50 \(met\)\n/);
  assert.match(text, /less than 5.0 % of the requests a second\n {4}postern-bun 15.0 % \(missed\)\n/);
  assert.match(text, /adds less than 5.0 % to the CPU of a request\n {4}postern-bun 0.0 % \(met\)\n/);
  assert.match(text, /large insert below 3 times its body\n {4}postern-bun 3.20 \(missed\)\n/);
  assert.doesNotMatch(text, /large read|postern-node/);
  assert.match(memoryText(memory), /postern-bun {5}50.0 {5}80.0 {6}240 {14}3.20/);
});
