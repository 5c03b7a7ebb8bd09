/** Who comes is noted behind their back, and no oftener than it says something. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymous } from "../../../../src/identity/anonymous.ts";
import type { Identity } from "../../../../src/identity/identity.ts";
import { sealIdentity } from "../../../../src/identity/identity.ts";
import { PERSONAL_TOKEN_PROOF } from "../../../../src/identity/personal-tokens/verifier.ts";
import type { Sighting } from "../../../../src/identity/users/port.ts";
import { Sightings } from "../../../../src/identity/users/sightings.ts";
import { VirtualClock } from "../../../support/clock.ts";

const MINUTE = 60_000;

function identity(subject: string, groups: readonly string[] = [], algorithm = "EdDSA"): Identity {
  return sealIdentity({
    issuer: "https://corp.test",
    subject,
    username: subject,
    groups,
    claims: {},
    expiresAt: undefined,
    takenUntil: undefined,
    proof: { issuer: "corp", keyThumbprint: "x", algorithm },
  });
}

class Book {
  readonly clock = new VirtualClock();
  readonly written: (readonly Sighting[])[] = [];
  reachable = true;
  /** Answers what is written. */
  answer: () => void = () => {};
  readonly sightings = new Sightings(
    {
      seen: (batch) => {
        this.written.push(batch);
        return new Promise((resolve, reject) => {
          this.answer = () => (this.reachable ? resolve() : reject(new Error("the store is away")));
        });
      },
    },
    this.clock,
  );

  async answered(): Promise<void> {
    this.answer();
    await new Promise(setImmediate);
  }

  get subjects(): readonly (readonly string[])[] {
    return this.written.map((batch) => batch.map(({ subject }) => subject));
  }
}

test("somebody is noted once in ten minutes, and at once when their issuer says something else of them", async () => {
  const book = new Book();
  const login = async (...groups: string[]) => {
    book.sightings.seen(identity("ann", groups));
    await book.answered();
  };
  await login("dba");
  await login("dba");
  assert.equal(book.written.length, 1);
  await login();
  assert.deepEqual(
    book.written.map(([one]) => one?.groups),
    [["dba"], []],
  );
  book.clock.advance(10 * MINUTE);
  await login();
  assert.equal(book.written.length, 3);
});

test("while one write is under way, everybody else waits for the next one", async () => {
  const book = new Book();
  for (const subject of ["bob", "eve", "ann", "dan"]) book.sightings.seen(identity(subject));
  assert.deepEqual(book.subjects, [["bob"]]);
  await book.answered();
  assert.deepEqual(book.subjects, [["bob"], ["ann", "dan", "eve"]], "in one order at every node");
});

test("who could not be noted is noted at their next login", async () => {
  const book = new Book();
  book.reachable = false;
  book.sightings.seen(identity("ann"));
  await book.answered();
  book.reachable = true;
  book.sightings.seen(identity("ann"));
  await book.answered();
  assert.deepEqual(book.subjects, [["ann"], ["ann"]]);
});

test("a personal token does not speak for its owner's issuer, whichever of the two comes first", async () => {
  const book = new Book();
  book.sightings.seen(identity("bob"));
  book.sightings.seen(identity("ann", ["new"]));
  book.sightings.seen(identity("ann", ["old"], PERSONAL_TOKEN_PROOF));
  await book.answered();
  await book.answered();
  book.sightings.seen(identity("eve", ["old"], PERSONAL_TOKEN_PROOF));
  assert.deepEqual(
    book.written.map(([one]) => [one?.subject, one?.groups, one?.signed]),
    [
      ["bob", [], true],
      ["ann", ["new"], true],
      ["eve", ["old"], false],
    ],
  );
});

test("nobody is not noted", () => {
  const book = new Book();
  book.sightings.seen(anonymous);
  assert.equal(book.written.length, 0);
});
