import assert from "node:assert/strict";
import { test } from "node:test";
import {
  EVENTS,
  type GrantEvent,
  isGrant,
  isOpen,
  next,
  START,
  STATES,
  type State,
} from "../../../src/grants/machine.ts";

/** The whole machine once more, as a person would draw it. */
const DRAWN: readonly (readonly [State, GrantEvent, State])[] = [
  ["pending", "approve", "pending"],
  ["pending", "suffice", "active"],
  ["pending", "deny", "denied"],
  ["pending", "withdraw", "withdrawn"],
  ["pending", "lapse", "unanswered"],
  ["pending", "change", "void"],
  ["active", "spend", "spent"],
  ["active", "expire", "ended"],
  ["active", "revoke", "ended"],
  ["active", "cut", "ended"],
  ["active", "change", "ended"],
  ["spent", "expire", "ended"],
  ["spent", "revoke", "ended"],
  ["spent", "cut", "ended"],
  ["spent", "change", "ended"],
];

for (const state of STATES) {
  for (const event of EVENTS) {
    const drawn = DRAWN.find(([from, what]) => from === state && what === event)?.[2];
    test(`${event} of a request that is ${state} ${drawn === undefined ? "is refused" : `makes it ${drawn}`}`, () => {
      assert.equal(next(state, event), drawn);
    });
  }
}

test("only a preapproval or a break-glass begins as a grant, and only the last approval makes one of a request", () => {
  assert.deepEqual(START, { approvals: "pending", preapproved: "active", "break-glass": "active" });
  const into = STATES.flatMap((state) =>
    EVENTS.filter((event) => !isGrant(state) && isGrant(next(state, event) ?? state)).map(
      (event) => `${state} ${event}`,
    ),
  );
  assert.deepEqual(into, ["pending suffice"]);
});

test("what is over stays over", () => {
  assert.deepEqual(STATES.filter(isOpen), ["pending", "active", "spent"]);
});
