import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answered } from "../../../../src/daemon/workers/crew.ts";
import { readinessOfAll } from "../../../../src/daemon/workers/readiness.ts";
import type { Check } from "../../../../src/doors/control/running.ts";

const GOOD: Check = { check: "keys", ok: true };
const BAD: Check = { check: "keys", ok: false, detail: "no key" };
const worker = (...checks: Check[]): Answered => ({
  kind: "status",
  status: { readiness: { ready: checks.every(({ ok }) => ok), checks }, metrics: [] },
});
const absent: Answered = { kind: "absent" };
const silent: Answered = { kind: "silent" };

const CASES: readonly (readonly [string, readonly Answered[], boolean, readonly Check[]])[] = [
  ["all serve", [worker(GOOD), worker(GOOD)], true, [{ check: "workers", ok: true }, GOOD]],
  ["one has no keys", [worker(GOOD), worker(BAD)], false, [{ check: "workers", ok: true }, BAD]],
  [
    "one is being replaced",
    [absent, worker(GOOD)],
    true,
    [{ check: "workers", ok: true, detail: "1 of 2 serve; see worker.died in the log" }, GOOD],
  ],
  [
    "all are being replaced",
    [absent, absent],
    false,
    [{ check: "workers", ok: false, detail: "0 of 2 serve; see worker.died in the log" }],
  ],
  [
    "one does not answer",
    [silent, worker(GOOD)],
    false,
    [{ check: "workers", ok: false, detail: "1 do not answer" }, GOOD],
  ],
];

for (const [what, workers, ready, checks] of CASES) {
  test(`Postern is ${ready ? "" : "not "}ready when, of two workers, ${what}`, () => {
    assert.deepEqual(readinessOfAll(workers), { ready, checks });
  });
}
