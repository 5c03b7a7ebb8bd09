import assert from "node:assert/strict";
import { test } from "node:test";
import { within } from "../../../src/base/within.ts";
import { VirtualClock } from "../../support/clock.ts";

const never = new Promise<string>(() => {});

test("what is done in time is the answer, and no timer is left", async () => {
  const clock = new VirtualClock();
  assert.equal(await within(clock, 1000, Promise.resolve("done"), () => "late"), "done");
  await assert.rejects(
    within(clock, 1000, Promise.reject(new Error("broken")), () => "late"),
    /broken/,
  );
  assert.equal(clock.pending, 0);
});

test("what takes longer is told as late, and not a moment before", async () => {
  const clock = new VirtualClock();
  let told = "";
  const answer = within(clock, 1000, never, () => "late").then((text) => {
    told = text;
  });
  clock.advance(999);
  await Promise.resolve();
  assert.equal(told, "");
  clock.advance(1);
  await answer;
  assert.equal(told, "late");
});

test("being late can be a fault, and what fails later still troubles nobody", async () => {
  const clock = new VirtualClock();
  const { promise, reject } = Promise.withResolvers<string>();
  const answer = within(clock, 1000, promise, () => {
    throw new Error("too late");
  });
  clock.advance(1000);
  await assert.rejects(answer, /too late/);
  reject(new Error("unheard"));
  await new Promise(setImmediate); // an unhandled rejection would fail this file
});
