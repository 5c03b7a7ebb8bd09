import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../../src/base/event.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { Daemon } from "../../../src/daemon/daemon.ts";
import { newKeyPair } from "../../../src/identity/mint.ts";
import { VirtualClock } from "../../support/clock.ts";

const { publicPem } = newKeyPair("EdDSA");

function configWith(host: string) {
  const loaded = loadConfig({
    env: {},
    source: "test",
    value: {
      doors: { postgres: { host, port: 0 } },
      issuers: [{ name: "test", keys: { pem: [publicPem] } }],
      clusters: [
        {
          name: "main",
          hosts: [{ host: "127.0.0.1", port: 1 }],
          tls: { mode: "disable" },
          login: { method: "trust" },
        },
      ],
    },
  });
  assert.equal(loaded.kind, "ok");
  return loaded.config;
}

test("a reload that is overtaken by the shutdown opens no door again", async () => {
  const events: Event[] = [];
  const observe = (event: Event) => void events.push(event);
  const daemon = await Daemon.start(configWith("127.0.0.1"), { clock: new VirtualClock(), observe });
  const reload = assert.rejects(daemon.reload(configWith("127.0.0.2")), /shutting down/);
  await daemon.stop();
  await reload;
  assert.deepEqual(daemon.addresses, {});
  const count = (name: Event["event"]) => events.filter(({ event }) => event === name).length;
  assert.equal(count("door.opened.v1"), count("door.closed.v1"));
});
