import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { Attempt } from "../../../src/upstream/attempt.ts";
import { VirtualClock } from "../../support/clock.ts";

const never = new Promise<never>(() => {});

test("an attempt that takes too long is cut, and its socket destroyed", async () => {
  const clock = new VirtualClock();
  const attempt = new Attempt(clock, 1000, undefined);
  const socket = new Socket();
  attempt.hold(socket);
  const waiting = attempt.wait(never);
  clock.advance(1000);
  await assert.rejects(waiting, { code: "upstream/timeout" });
  assert.equal(socket.destroyed, true);
  await assert.rejects(attempt.wait(Promise.resolve()), { code: "upstream/timeout" });
});

test("a client that goes away cuts the attempt, also when it went before it began", async () => {
  const abort = new AbortController();
  const attempt = new Attempt(new VirtualClock(), 1000, abort.signal);
  const waiting = attempt.wait(never);
  abort.abort();
  await assert.rejects(waiting, { code: "upstream/aborted" });
  const late = new Attempt(new VirtualClock(), 1000, abort.signal);
  const socket = new Socket();
  late.hold(socket);
  assert.equal(socket.destroyed, true);
});

test("an attempt that succeeded keeps neither timer nor socket", () => {
  const clock = new VirtualClock();
  const abort = new AbortController();
  const attempt = new Attempt(clock, 1000, abort.signal);
  const socket = new Socket();
  attempt.hold(socket);
  attempt.finish();
  assert.equal(clock.pending, 0);
  abort.abort();
  assert.equal(socket.destroyed, false);
  socket.destroy();
});
