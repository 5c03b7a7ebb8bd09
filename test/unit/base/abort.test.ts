import assert from "node:assert/strict";
import { test } from "node:test";
import { Aborter } from "../../../src/base/abort.ts";

test("listeners are told once, by the first abort, and those that left are not", () => {
  const aborter = new Aborter();
  const told: string[] = [];
  const gone = () => told.push("gone");
  aborter.addEventListener("abort", () => told.push(`first ${String(aborter.reason)}`));
  aborter.addEventListener("abort", gone);
  aborter.addEventListener("abort", () => aborter.removeEventListener("abort", gone));
  aborter.addEventListener("abort", () => told.push("last"));
  aborter.removeEventListener("abort", gone);
  assert.equal(aborter.aborted, false);
  aborter.abort("why");
  aborter.abort("again");
  assert.deepEqual(told, ["first why", "last"]);
  assert.equal(aborter.reason, "why");
});

test("who listens too late is not told, and can see that it was aborted", () => {
  const aborter = new Aborter();
  aborter.abort(undefined);
  aborter.addEventListener("abort", () => assert.fail("told"));
  assert.equal(aborter.aborted, true);
});
