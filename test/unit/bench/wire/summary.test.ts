import assert from "node:assert/strict";
import { test } from "node:test";
import { median } from "../../../../bench/support/median.ts";
import type { Sample } from "../../../../bench/wire/measure/measure.ts";
import { throughput } from "../../../../bench/wire/measure/throughput.ts";
import { summarise } from "../../../../bench/wire/summary.ts";
import { table } from "../../../../bench/wire/table.ts";

const BASES = [{ peer: "other", head: "x other" }];

function sample(peer: string, round: number, value: number, cost?: number): Sample {
  return { measure: "throughput", legs: "tls", case: "1 client", peer, round, value, cost };
}

test("the median of an even number of values is the mean of the middle two, and of none there is none", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([10, 1, 2, 4]), 3);
  assert.equal(median([]), undefined);
});

test("a ratio is made within each round, so that a slow round of everybody changes nothing", () => {
  const samples = [
    ...[sample("other", 0, 100), sample("ours", 0, 90, 4)],
    ...[sample("other", 1, 10), sample("ours", 1, 9, 6)],
    ...[sample("other", 2, 200), sample("ours", 2, 180, 5)],
  ];
  const [other, ours] = summarise(samples, BASES);
  assert.equal(ours?.ratios["other"], 0.9);
  assert.deepEqual([ours?.value, ours?.cost, ours?.rounds], [90, 5, 3]);
  assert.deepEqual([other?.ratios["other"], other?.cost], [1, undefined]);
});

test("a round in which the peer to compare with failed gives no ratio", () => {
  const [, ours] = summarise([sample("other", 0, 100), sample("ours", 0, 50), sample("ours", 1, 70)], BASES);
  assert.equal(ours?.ratios["other"], 0.5);
  assert.equal(ours?.value, 60);
});

test("the table has a row for each peer, and says where a reading failed", () => {
  const summaries = summarise([sample("other", 0, 1234.5), sample("ours", 0, 617.25, 3.456)], BASES);
  const lines = table({ ...throughput, cases: ["1 client", "8 clients"] }, "tls", summaries, BASES).split(
    "\n",
  );
  assert.match(lines[0] ?? "", /TLS on both legs; medians of 1 round$/);
  assert.match(lines[3] ?? "", /^ {2}other +1235 +1\.00 +- +failed/);
  assert.match(lines[4] ?? "", /^ {2}ours +617 +0\.50 +3\.46 +failed/);
});
