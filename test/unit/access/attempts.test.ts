import assert from "node:assert/strict";
import { test } from "node:test";
import { Attempts, network } from "../../../src/access/attempts.ts";
import { VirtualClock } from "../../support/clock.ts";

function attempts() {
  const clock = new VirtualClock();
  return { clock, counted: new Attempts(clock) };
}

test("an address with too many failures waits until the minute is over", () => {
  const { clock, counted } = attempts();
  counted.failed("192.0.2.1");
  assert.equal(counted.blocked("192.0.2.1", 2), false);
  counted.failed("192.0.2.1");
  assert.equal(counted.blocked("192.0.2.1", 2), true);
  assert.equal(counted.blocked("192.0.2.2", 2), false);
  clock.advance(60_000);
  assert.equal(counted.blocked("192.0.2.1", 2), false);
});

test("a limit of 0 switches the waiting off", () => {
  const { counted } = attempts();
  for (let failure = 0; failure < 1000; failure += 1) counted.failed("192.0.2.1");
  assert.equal(counted.blocked("192.0.2.1", 0), false);
});

test("attack 31: failures from very many addresses cost bounded memory and the newest are kept", () => {
  const { counted } = attempts();
  for (let host = 0; host < 20_000; host += 1)
    counted.failed(`10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`);
  assert.equal(counted.blocked("10.0.78.31", 1), true);
  assert.equal(counted.blocked("10.0.0.0", 1), false);
});

for (const [address, wanted] of [
  ["192.0.2.1", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::", "fe80:0:0:0"],
] as const) {
  test(`${address} is counted as ${wanted}`, () => assert.equal(network(address), wanted));
}

test("failures that other processes saw count too, and are not told back to them", () => {
  const told: string[] = [];
  const attempts = new Attempts(new VirtualClock(), (address) => told.push(address));
  attempts.failed("192.0.2.1");
  attempts.failedElsewhere("192.0.2.1");
  assert.ok(attempts.blocked("192.0.2.1", 2));
  assert.deepEqual(told, ["192.0.2.1"]);
});
