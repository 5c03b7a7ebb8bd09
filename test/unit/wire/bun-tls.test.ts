import assert from "node:assert/strict";
import { test } from "node:test";
import type { BunSocket } from "../../../src/wire/bun-api.ts";
import { serverFault } from "../../../src/wire/bun-tls.ts";

const unasked = new Proxy({} as BunSocket, {
  get: () => assert.fail("nothing may be asked of a socket whose handshake failed"),
});

for (const verify of ["none", "ca", "full"] as const) {
  test(`a handshake that failed without a reason is no handshake, also with verification "${verify}"`, () => {
    assert.ok(serverFault("db.test", verify)(unasked, false, null) instanceof Error);
  });
}
