import assert from "node:assert/strict";
import { test } from "node:test";
import { plainTextAllowed } from "../../../../src/doors/postgres/plain-text.ts";

const cases = [
  ["loopback", "127.0.0.1", "startup", true],
  ["loopback", "127.3.2.1", "startup", true],
  ["loopback", "::1", "startup", true],
  ["loopback", "10.0.0.1", "startup", false],
  ["loopback", "128.0.0.1", "startup", false],
  ["loopback", "::2", "startup", false],
  ["loopback", "", "startup", false],
  ["loopback", "10.0.0.1", "cancel", true],
  ["always", "10.0.0.1", "startup", true],
  ["never", "127.0.0.1", "startup", false],
  ["never", "127.0.0.1", "cancel", false],
] as const;

for (const [setting, address, packet, wanted] of cases) {
  test(`plainText: ${setting} ${wanted ? "takes" : "refuses"} a ${packet} packet without TLS from ${address || "nowhere"}`, () => {
    assert.equal(plainTextAllowed(setting, address, packet), wanted);
  });
}
