import assert from "node:assert/strict";
import { test } from "node:test";
import { planCount, totalOf } from "../../../../../src/doors/rest/plan/count.ts";
import type { ReadPlan } from "../../../../../src/doors/rest/plan/types.ts";
import type { Count } from "../../../../../src/doors/rest/request/types.ts";

const WHOLE: ReadPlan = {
  alias: "films",
  rows: { kind: "given" },
  outputs: [],
  where: [],
  order: [],
  limit: null,
  offset: 0,
  grouped: false,
  embeds: [],
};
const PAGE: ReadPlan = { ...WHOLE, limit: 10, offset: 20 };

test("an exact count of all rows is the number of rows in the body", () => {
  assert.deepEqual(planCount("exact", WHOLE, null), { total: { kind: "page" }, expects: false });
});

test("an exact count of a page counts again", () => {
  assert.deepEqual(planCount("exact", PAGE, null), { total: { kind: "exact" }, expects: false });
});

test("a planned count counts nothing and asks the planner", () => {
  assert.deepEqual(planCount("planned", PAGE, null), { total: { kind: "none" }, expects: true });
});

test("an estimated count counts no further than db-max-rows", () => {
  assert.deepEqual(planCount("estimated", PAGE, 100), { total: { kind: "up-to", rows: 101 }, expects: true });
});

test("nothing is counted unasked", () => {
  assert.deepEqual(planCount(undefined, PAGE, 100), { total: { kind: "none" }, expects: false });
});

interface Row {
  readonly because: string;
  readonly count: Count | undefined;
  readonly counted: number | null;
  readonly page?: number;
  readonly expected?: number;
  readonly maxRows?: number;
  readonly total: number | null;
}

const TOTALS: readonly Row[] = [
  { because: "no count was asked for", count: undefined, counted: null, total: null },
  { because: "it was counted", count: "exact", counted: 7, total: 7 },
  { because: "the planner said so", count: "planned", counted: null, expected: 2019, total: 2019 },
  {
    because: "it is within db-max-rows",
    count: "estimated",
    counted: 90,
    expected: 7,
    maxRows: 100,
    total: 90,
  },
  {
    because: "above that the plan counts",
    count: "estimated",
    counted: 101,
    expected: 2019,
    maxRows: 100,
    total: 2019,
  },
  {
    because: "more were counted than planned",
    count: "estimated",
    counted: 101,
    expected: 3,
    maxRows: 100,
    total: 101,
  },
  {
    because: "more were seen than planned",
    count: "estimated",
    counted: 1,
    page: 10,
    expected: 3,
    total: 30,
  },
];

for (const { because, count, counted, page = 0, expected, maxRows, total } of TOTALS)
  test(`the total is ${total} when ${because}`, () => {
    const row = { totalCount: counted, pageTotal: page };
    const range = { offset: 20, maxRows: maxRows ?? null };
    assert.equal(totalOf(count, row, expected ?? null, range), total);
  });
