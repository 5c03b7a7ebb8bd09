import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndReason } from "../../../src/base/event.ts";
import type { SubjectId } from "../../../src/base/ids.ts";
import type { SessionFacts } from "../../../src/sessions/registry.ts";
import { Sessions } from "../../../src/sessions/registry.ts";
import { VirtualClock } from "../../support/clock.ts";
import { sessionFacts } from "../../support/session-facts.ts";

function listening(sessions: Sessions, more: Partial<SessionFacts> = {}) {
  const reasons: EndReason[] = [];
  const session = sessions.open(sessionFacts(more));
  session.attach((reason) => reasons.push(reason));
  return { session, reasons };
}

test("a session ends by itself when its time is up, and not a moment before", () => {
  const clock = new VirtualClock();
  const { reasons } = listening(new Sessions(clock), {
    until: { at: clock.now() + 1000, reason: "expired" },
  });
  clock.advance(999);
  assert.deepEqual(reasons, []);
  clock.advance(1);
  assert.deepEqual(reasons, ["expired"]);
});

test("attack 17: a session ends within seconds when the machine slept past its end", () => {
  const clock = new VirtualClock();
  const sessions = new Sessions(clock);
  const until = { at: clock.now() + 60_000, reason: "expired" } as const;
  const [first, second] = [listening(sessions, { until }), listening(sessions, { until })];
  clock.advance(10_000);
  clock.step(3_600_000);
  assert.deepEqual(first.reasons, []);
  clock.advance(5000);
  assert.deepEqual([first.reasons, second.reasons], [["expired"], ["expired"]]);
  assert.equal(clock.pending, 0);
});

test("attack 17: a clock that is put back prolongs no session", () => {
  const clock = new VirtualClock();
  const until = { at: clock.now() + 60_000, reason: "expired" } as const;
  const { reasons } = listening(new Sessions(clock), { until });
  clock.advance(10_000);
  clock.step(-3_600_000);
  clock.advance(50_000);
  assert.deepEqual(reasons, ["expired"]);
  assert.equal(clock.pending, 0);
});

test("a session whose right was given for longer goes on to the new end, and is warned of that one", () => {
  const clock = new VirtualClock();
  const start = clock.now();
  const ends = [start + 120_000, start + 180_000, undefined];
  const session = new Sessions(clock).open(
    sessionFacts({ until: { at: start + 60_000, reason: "expired" } }),
    () => {
      const at = ends.shift();
      return at === undefined ? "over" : { at, reason: "expired" };
    },
  );
  const reasons: EndReason[] = [];
  const warned: number[] = [];
  session.attach((reason) => reasons.push(reason));
  session.warnAt([10_000], () => warned.push(clock.now() - start));
  clock.advance(179_999);
  assert.deepEqual([reasons, session.until?.at], [[], start + 180_000]);
  clock.advance(1);
  assert.deepEqual(reasons, ["expired"]);
  assert.deepEqual(warned, [50_000, 110_000, 170_000]);
});

test("attack 17: a right that ends no later than before prolongs nothing, also when the clock was put back", () => {
  const clock = new VirtualClock();
  const until = { at: clock.now() + 60_000, reason: "expired" } as const;
  const session = new Sessions(clock).open(sessionFacts({ until }), () => until);
  const reasons: EndReason[] = [];
  session.attach((reason) => reasons.push(reason));
  clock.advance(10_000);
  clock.step(-3_600_000);
  clock.advance(50_000);
  assert.deepEqual(reasons, ["expired"]);
});

test("a session that is closed leaves no timer and no entry", () => {
  const clock = new VirtualClock();
  const sessions = new Sessions(clock);
  const { session } = listening(sessions, { until: { at: clock.now() + 1000, reason: "expired" } });
  session.close();
  session.close();
  assert.deepEqual([sessions.size, clock.pending, sessions.countOf("issuer:ada" as SubjectId)], [0, 0, 0]);
});

test("a session that ended before its door could take it is ended when the door does", () => {
  const session = new Sessions(new VirtualClock()).open(sessionFacts());
  session.end("revoked");
  const reasons: EndReason[] = [];
  session.attach((reason) => reasons.push(reason));
  assert.deepEqual(reasons, ["revoked"]);
});

test("a session ends once, for the first reason", () => {
  const { session, reasons } = listening(new Sessions(new VirtualClock()));
  session.end("revoked");
  session.end("expired");
  assert.deepEqual(reasons, ["revoked"]);
});

test("sessions are counted for each identity", () => {
  const sessions = new Sessions(new VirtualClock());
  const first = sessions.open(sessionFacts());
  sessions.open(sessionFacts());
  sessions.open(sessionFacts({ subject: "other:ada" as SubjectId }));
  assert.equal(sessions.countOf("issuer:ada" as SubjectId), 2);
  first.close();
  assert.equal(sessions.countOf("issuer:ada" as SubjectId), 1);
});

test("all sessions of a key that is gone end, and no others", () => {
  const sessions = new Sessions(new VirtualClock());
  const old = listening(sessions);
  const current = listening(sessions, {
    proof: { issuer: "issuer", keyThumbprint: "k2", algorithm: "EdDSA" },
  });
  assert.equal(
    sessions.endWhere(({ proof }) => proof !== "none" && proof.keyThumbprint === "k1", "revoked"),
    1,
  );
  assert.deepEqual([old.reasons, current.reasons], [["revoked"], []]);
});

test("who watches is told of each session that begins, is served and is over", () => {
  const sessions = new Sessions(new VirtualClock());
  const told: string[] = [];
  const stop = sessions.watch({
    opened: ({ backendPid }) => told.push(`opened ${backendPid}`),
    closed: () => told.push("closed"),
  });
  const session = sessions.open(sessionFacts());
  session.servedBy(42);
  session.close();
  session.close();
  stop();
  sessions.open(sessionFacts());
  assert.deepEqual(told, ["opened undefined", "opened 42", "closed"]);
});
