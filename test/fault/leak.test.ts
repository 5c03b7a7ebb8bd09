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
/** More than two rounds take that only make the collectors lazy; 120 kB for each connection of one round come to more. */
const NOISE_BYTES = 48 * 1024 * 1024;

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

test("clients that leave at every stage of a login or session leave no socket, server process or memory", async () => {
  const warm = await round(); // code is compiled and buffers are grown to their size
  const left = [await round(), await round()];
  const grown = Math.min(...left) - warm;
  assert.ok(grown < NOISE_BYTES, `${Math.round(grown / 1024)} kB more than after the first round`);
});
