import assert from "node:assert/strict";
import { test } from "node:test";
import type { PolicyKeeper, StoredPolicy } from "../../../src/access/shared-policy.ts";
import { SharedPolicy } from "../../../src/access/shared-policy.ts";
import type { Event } from "../../../src/base/event.ts";
import { VirtualClock } from "../../support/clock.ts";

/** A store whose policy a test changes, and that can be away. */
class Keeper implements PolicyKeeper {
  stored: StoredPolicy = { revision: "1", entries: [] };
  away = false;
  reads = 0;
  hold: Promise<void> = Promise.resolve();
  #listener: (() => void) | undefined;

  async read(known: string) {
    this.reads += 1;
    const { stored } = this;
    await this.hold;
    if (this.away) throw new Error("the store is away");
    return stored.revision === known ? "unchanged" : stored;
  }

  onChange(listener: () => void) {
    this.#listener = listener;
    return () => {
      this.#listener = undefined;
    };
  }

  change(revision: string) {
    this.stored = { ...this.stored, revision };
    this.#listener?.();
  }
}

function sharing() {
  const clock = new VirtualClock();
  const keeper = new Keeper();
  const events: Event[] = [];
  const shared = new SharedPolicy({ keeper, clock, observe: (event) => events.push(event) });
  let changes = 0;
  shared.onChange(() => {
    changes += 1;
  });
  return { clock, keeper, events, shared, changes: () => changes };
}

/** Turns the clock second by second, and lets what it set off come to rest. */
async function pass(clock: VirtualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    clock.advance(1000);
    await new Promise(setImmediate);
  }
}

test("policy of a store that was never read is not fresh", async () => {
  const { shared, keeper } = sharing();
  keeper.away = true;
  await shared.start();
  assert.equal(shared.isFresh(), false);
  assert.deepEqual(shared.stored.entries, []);
  shared.close();
});

test("a change is read at once, and those who asked are told once", async () => {
  const { shared, keeper, changes, events } = sharing();
  await shared.start();
  assert.equal(changes(), 1);
  keeper.change("2");
  await new Promise(setImmediate);
  assert.equal(shared.stored.revision, "2");
  assert.equal(changes(), 2);
  assert.equal(events.filter(({ event }) => event === "policy.loaded.v1").length, 2);
  shared.close();
});

test("a change that nobody told of is found within five seconds", async () => {
  const { shared, keeper, clock, changes } = sharing();
  await shared.start();
  keeper.stored = { ...keeper.stored, revision: "2" };
  await pass(clock, 4);
  assert.equal(changes(), 1);
  await pass(clock, 1);
  assert.equal(changes(), 2);
  shared.close();
});

test("a change during a read is read by another that follows", async () => {
  const { shared, keeper } = sharing();
  await shared.start();
  const { promise, resolve } = Promise.withResolvers<void>();
  keeper.hold = promise;
  keeper.change("2");
  keeper.change("3");
  resolve();
  await shared.refresh();
  assert.equal(shared.stored.revision, "3");
  shared.close();
});

test("what was read is believed for fifteen seconds of an outage, and the outage is told once", async () => {
  const { shared, keeper, clock, events } = sharing();
  await shared.start();
  keeper.away = true;
  await pass(clock, 14);
  assert.equal(shared.isFresh(), true);
  await pass(clock, 1);
  assert.equal(shared.isFresh(), false);
  assert.equal(shared.stored.revision, "1");
  assert.equal(events.filter(({ event }) => event === "policy.failed.v1").length, 1);
  keeper.away = false;
  await pass(clock, 5);
  assert.equal(shared.isFresh(), true);
  shared.close();
});

test("once closed it reads no more and leaves no timer", async () => {
  const { shared, keeper, clock } = sharing();
  await shared.start();
  shared.close();
  const { reads } = keeper;
  keeper.change("2");
  await pass(clock, 20);
  assert.equal(keeper.reads, reads);
  assert.equal(clock.pending, 0);
});
