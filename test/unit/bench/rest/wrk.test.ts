import assert from "node:assert/strict";
import { test } from "node:test";
import { resultOf, wrkScript } from "../../../../bench/rest/wrk.ts";

test("the line that the script writes is the result", () => {
  const output = "Running 5s test\n  2 requests in 5s\n\nPOSTERN_BENCH 8000 4000000 3500 9000 0 0 0 0 0\n";
  assert.deepEqual(resultOf(output), { requests: 8000, perSecond: 2000, p50Ms: 3.5, p99Ms: 9 });
});

for (const [output, message] of [
  ["POSTERN_BENCH 8000 4000000 3500 9000 3 0 0 0 0", /3 of 8000 answers were errors/],
  ["POSTERN_BENCH 8000 4000000 3500 9000 0 1 2 0 4", /1 not made, 2\+0 broken, 4 timed out/],
  ["POSTERN_BENCH 0 4000000 0 0 0 0 0 0 0", /no request was answered/],
  ["POSTERN_BENCH 8000 4000000", /wrk wrote no result/],
  ["unable to connect", /wrk wrote no result/],
] as const)
  test(`"${output}" is a failure and no figure`, () => {
    assert.throws(() => resultOf(output), message);
  });

const LOAD = { url: "http://127.0.0.1:1", ids: 9, tokens: undefined, clients: 1, seconds: 1 } as const;

test("a request's texts are strings in wrk's script, whatever quotes they have", () => {
  const ask = { method: "POST", target: "/a", headers: {}, body: '{"a":"]]--"}' } as const;
  assert.ok(wrkScript({ ...LOAD, ask }).includes(String.raw`"{\"a\":\"]]--\"}"`));
});

test("a request that would need other escapes than Lua has is refused", () => {
  const ask = { method: "GET", target: "/ä", headers: {} } as const;
  assert.throws(() => wrkScript({ ...LOAD, ask }), /not printable ASCII/);
});
