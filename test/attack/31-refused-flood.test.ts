import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import type { Baseline } from "../support/leaks.ts";
import { baseline, residentBytes } from "../support/leaks.ts";
import { RawClient } from "../support/raw-client.ts";
import { cancelRequest, packet } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

const CHUNK = Buffer.alloc(1024 * 1024);
const CHUNKS = 300;
/** Half of what is sent, and more than a collector lets lie about. */
const MAY_GROW = 150 * 1024 * 1024;

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld();
  clean = await baseline(world);
});
after(() => world.stop());

/** Sends until all is sent or the gateway has hung up. */
async function flood(client: RawClient): Promise<void> {
  const { socket } = client;
  for (let sent = 0; sent < CHUNKS && socket.writable; sent++) {
    if (!socket.write(CHUNK)) await Promise.race([once(socket, "drain"), client.gone()]).catch(() => {});
  }
}

for (const [what, first] of [
  ["was refused", packet(0x1234_5678)],
  ["has sent a cancel request", cancelRequest(4711, Buffer.alloc(4))],
] as const) {
  test(`attack 31: what a client sends after it ${what} is not kept`, async () => {
    const before = residentBytes(world.gateway.pid);
    let most = 0;
    const look = setInterval(() => {
      most = Math.max(most, residentBytes(world.gateway.pid) - before);
    }, 5);
    const client = await RawClient.plain({ port: world.gateway.port, allowHalfOpen: true });
    client.send(first);
    await client.finished();
    await flood(client);
    clearInterval(look);
    client.vanish();
    assert.ok(most < MAY_GROW, `${Math.round(most / 1024 / 1024)} MB more`);
    await clean.holds();
  });
}
