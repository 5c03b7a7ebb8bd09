import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget, ROOM_MS, type Share } from "../../../src/base/budget.ts";
import { VirtualClock } from "../../support/clock.ts";

const MB = 1024 * 1024;
const LIMIT = 10 * MB;

function world() {
  const clock = new VirtualClock();
  const budget = new Budget(clock, () => LIMIT);
  const told: string[] = [];
  const ask = (name: string, share: Share, bytes: number) =>
    share.claim(bytes, (granted) => told.push(`${name} ${granted ? "granted" : "refused"}`));
  return { clock, budget, told, ask };
}

test("what is small is not counted, whatever others hold", () => {
  const { budget, ask } = world();
  ask("large", budget.share(), LIMIT);
  assert.equal(ask("small", budget.share(), 65_536), "granted");
  assert.equal(budget.held, LIMIT);
});

test("who needs more than is left waits until others let go", () => {
  const { budget, told, ask, clock } = world();
  const first = budget.share();
  assert.equal(ask("first", first, 8 * MB), "granted");
  assert.equal(ask("second", budget.share(), 4 * MB), "waiting");
  assert.equal(budget.short, true);
  first.close();
  assert.deepEqual(told, ["second granted"]);
  assert.equal(budget.held, 4 * MB);
  assert.equal(budget.short, false);
  assert.equal(clock.pending, 0, "no timer is left");
});

test("those who wait are served in order: a small one does not overtake a large one", () => {
  const { budget, told, ask } = world();
  const [first, second] = [budget.share(), budget.share()];
  ask("first", first, 8 * MB);
  ask("second", second, 9 * MB);
  assert.equal(ask("third", budget.share(), MB), "waiting");
  first.close();
  assert.deepEqual(told, ["second granted", "third granted"]);
});

test("who waits too long is refused, and those behind it get what is left", () => {
  const { budget, told, ask, clock } = world();
  ask("first", budget.share(), 8 * MB);
  ask("second", budget.share(), 9 * MB);
  clock.advance(ROOM_MS / 2);
  ask("third", budget.share(), MB);
  clock.advance(ROOM_MS / 2);
  assert.deepEqual(told, ["second refused", "third granted"]);
});

test("one that is refused may ask again", () => {
  const { budget, ask, clock } = world();
  const [first, second] = [budget.share(), budget.share()];
  ask("first", first, 8 * MB);
  ask("second", second, 9 * MB);
  clock.advance(ROOM_MS);
  assert.equal(ask("second", second, MB), "granted");
});

test("who is alone gets more than there is, for it would wait for ever", () => {
  const { budget, told, ask } = world();
  const [large, other] = [budget.share(), budget.share()];
  assert.equal(ask("large", large, 3 * LIMIT), "granted");
  assert.equal(ask("large", large, 4 * LIMIT), "granted");
  assert.equal(ask("other", other, MB), "waiting");
  large.close();
  assert.deepEqual(told, ["other granted"]);
});

test("what is there already is counted although it does not fit", () => {
  const { budget, ask } = world();
  const [first, second] = [budget.share(), budget.share()];
  ask("first", first, LIMIT);
  second.take(MB);
  second.take(MB / 2);
  assert.equal(budget.held, LIMIT + MB);
  second.close();
  assert.equal(budget.held, LIMIT);
});

test("what is let go of serves who waits", () => {
  const { budget, told, ask } = world();
  const [first, second] = [budget.share(), budget.share()];
  ask("first", first, LIMIT);
  ask("second", second, MB);
  first.keep(LIMIT);
  assert.deepEqual(told, []);
  first.keep(LIMIT - MB);
  assert.deepEqual(told, ["second granted"]);
  assert.equal(budget.held, LIMIT);
});

test("a share that was closed is granted nothing more, and whoever waits on it is told", () => {
  const { budget, told, ask } = world();
  const [first, second] = [budget.share(), budget.share()];
  ask("first", first, LIMIT);
  ask("second", second, MB);
  second.close();
  second.close();
  assert.deepEqual(told, ["second refused"]);
  assert.equal(ask("second", second, 1), "refused");
  second.take(MB);
  assert.equal(budget.held, LIMIT);
});

test("where all wait for more than they hold, one after the other gets it and comes to its end", async () => {
  const { budget, told, ask } = world();
  const shares = [budget.share(), budget.share(), budget.share()];
  for (const [at, share] of shares.entries()) assert.equal(ask(`${at}`, share, 3 * MB), "granted");
  for (const [at, share] of shares.entries()) assert.equal(ask(`${at}`, share, 8 * MB), "waiting");
  await Promise.resolve();
  assert.deepEqual(told, ["0 granted"]);
  shares[0]?.close();
  assert.deepEqual(told, ["0 granted", "1 granted"]);
  shares[1]?.close();
  assert.deepEqual(told, ["0 granted", "1 granted", "2 granted"]);
  shares[2]?.close();
  assert.deepEqual([budget.held, budget.short], [0, false]);
});

test("who is let through has room for all that it will need, so that not everybody is let through by and by", async () => {
  const { budget, told, ask } = world();
  const [first, second] = [budget.share(), budget.share()];
  ask("first", first, 5 * MB);
  ask("second", second, 5 * MB);
  first.claim(6 * MB, (granted) => told.push(`first ${granted}`), 9 * MB);
  ask("second", second, 9 * MB);
  await Promise.resolve();
  assert.deepEqual(told, ["first true"]);
  assert.equal(ask("first", first, 9 * MB), "granted");
  assert.equal(budget.held, 14 * MB);
});

test("as long as somebody does not wait, nobody gets more than there is", async () => {
  const { budget, told, ask } = world();
  const [busy, first, second] = [budget.share(), budget.share(), budget.share()];
  for (const share of [busy, first, second]) ask("", share, 3 * MB);
  ask("first", first, 8 * MB);
  ask("second", second, 8 * MB);
  await Promise.resolve();
  assert.deepEqual(told, []);
  busy.close();
  assert.deepEqual(told, ["first granted"]);
});
