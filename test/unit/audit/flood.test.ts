import assert from "node:assert/strict";
import { test } from "node:test";
import { boundFloods } from "../../../src/audit/flood.ts";
import type { Event } from "../../../src/base/event.ts";
import { newSessionId, subjectId } from "../../../src/base/ids.ts";
import { VirtualClock } from "../../support/clock.ts";

const peer = { address: "203.0.113.7", port: 40_000, tls: false };
const refused = (code: string): Event => ({
  event: "connection.refused.v1",
  session: undefined,
  door: "postgres",
  peer,
  code,
  detail: "",
});
const denied = (subject: string | undefined): Event => ({
  event: "login.denied.v1",
  session: newSessionId(),
  door: "postgres",
  peer,
  subject: subject === undefined ? undefined : subjectId("test", subject),
  cluster: "main",
  database: "shop",
  role: "ada",
  code: "policy/role",
  detail: "",
});

function logged() {
  const clock = new VirtualClock();
  const lines: Event[] = [];
  const observe = boundFloods((event) => lines.push(event), clock);
  const many = (count: number, event: Event) => {
    for (let sent = 0; sent < count; sent++) observe(event);
  };
  return { clock, lines, many };
}

test("a flood of refused connections is a hundred lines a second, and one that says how many were left out", () => {
  const { clock, lines, many } = logged();
  many(5000, refused("wire/startup"));
  assert.equal(lines.length, 100);
  clock.advance(1000);
  assert.deepEqual(lines.slice(100), [
    { event: "log.suppressed.v1", of: "connection.refused.v1", code: "wire/startup", lines: 4900 },
  ]);
  many(1, refused("wire/startup"));
  assert.equal(lines.length, 102);
});

test("a flood of one kind does not hide another", () => {
  const { lines, many } = logged();
  many(5000, refused("wire/startup"));
  many(1, refused("wire/plain-text"));
  many(1, denied(undefined));
  assert.equal(lines.length, 102);
});

test("what somebody does who is known is always logged", () => {
  const { lines, many } = logged();
  many(5000, denied("ada"));
  assert.equal(lines.length, 5000);
});

test("a quiet second says nothing, and no timer is left behind it", () => {
  const { clock, lines, many } = logged();
  many(100, denied(undefined));
  clock.advance(1000);
  assert.equal(lines.length, 100);
  assert.equal(clock.pending, 0);
});
