import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Baseline } from "../support/leaks.ts";
import { baseline, residentBytes } from "../support/leaks.ts";
import { guests, strangers, visits } from "../support/visits.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

/** Before there is a session a visit costs little, after it a server process. */
const STRANGERS = 330;
const GUESTS = 90;
const AT_A_TIME = 16;
/** Until code is compiled and heaps are as large as these clients need them. */
const WARM_UP = 3;
/** The collectors give back when they like, and one round says little: the middle one of so many in a row counts. */
const LOOKED_AT = 3;
const BETWEEN = 2;
/** A heap takes a large step now and then, and is level behind it; what is left by clients grows every time. */
const LOOKS = 4;
/** A connection with TLS takes 50 kB, a round that leaves all of its own 20 MB, and five of them lie between the looks. */
const NOISE_BYTES = 36 * 1024 * 1024;

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld();
  clean = await baseline(world);
});
after(() => world.stop());

async function round(): Promise<number> {
  await visits(world, strangers, { count: STRANGERS, at: AT_A_TIME });
  await visits(world, guests, { count: GUESTS, at: AT_A_TIME });
  await clean.holds();
  return residentBytes(world.gateway.pid);
}

async function rounds(count: number): Promise<readonly number[]> {
  const held: number[] = [];
  while (held.length < count) held.push(await round());
  return held;
}

function middle(held: readonly number[]): number {
  return held.toSorted((a, b) => a - b)[Math.floor(held.length / 2)] ?? 0;
}

test("clients that leave at every stage of a login or session leave no socket, server process or memory", async () => {
  await rounds(WARM_UP);
  let before = middle(await rounds(LOOKED_AT));
  for (let looks = 1; ; looks++) {
    await rounds(BETWEEN);
    const held = middle(await rounds(LOOKED_AT));
    const grown = held - before;
    if (grown < NOISE_BYTES) break;
    assert.ok(
      looks < LOOKS,
      `${Math.round(grown / 1024)} kB more in ${LOOKED_AT + BETWEEN} rounds, again and again`,
    );
    before = held;
  }
});
