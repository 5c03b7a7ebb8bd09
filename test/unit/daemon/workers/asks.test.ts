import assert from "node:assert/strict";
import { test } from "node:test";
import { Asks } from "../../../../src/daemon/workers/asks.ts";
import { VirtualClock } from "../../../support/clock.ts";

function asking() {
  const clock = new VirtualClock();
  const asks = new Asks(clock);
  const ids: number[] = [];
  const ask = () => asks.ask<"status">({ what: "status" }, (id) => ids.push(id));
  return { clock, asks, ids, ask };
}

test("each answer goes to the one who asked", async () => {
  const { asks, ids, ask, clock } = asking();
  const both = Promise.all([ask(), ask()]);
  for (const id of ids.toReversed()) asks.settle(id, `answer ${id}`);
  assert.deepEqual(await both, ["answer 1", "answer 2"]);
  assert.equal(clock.pending, 0);
});

test("a question that is not answered in time has no answer, and one that comes late is dropped", async () => {
  const { clock, asks, ids, ask } = asking();
  const asked = ask();
  clock.advance(2000);
  assert.equal(await asked, undefined);
  asks.settle(ids[0] ?? 0, "late");
});

test("nothing is waited for when the other process is gone", async () => {
  const { clock, asks, ask } = asking();
  const both = Promise.all([ask(), ask()]);
  asks.abandon();
  assert.deepEqual(await both, [undefined, undefined]);
  assert.equal(clock.pending, 0);
});
