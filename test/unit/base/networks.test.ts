import assert from "node:assert/strict";
import { test } from "node:test";
import { liesIn, parseNetwork } from "../../../src/base/networks.ts";

const inside = [
  ["10.1.2.3", "10.0.0.0/8"],
  ["10.1.2.3", "10.1.2.3"],
  ["10.1.2.3", "0.0.0.0/0"],
  ["::ffff:10.1.2.3", "10.0.0.0/8"],
  ["2001:db8::1", "2001:db8::/32"],
  ["::1", "::1"],
  ["fe80::1%eth0", "fe80::/10"],
] as const;

for (const [address, network] of inside) {
  test(`${address} lies in ${network}`, () => assert.equal(liesIn(address, [network]), true));
}

const outside = [
  ["11.1.2.3", "10.0.0.0/8"],
  ["10.1.2.4", "10.1.2.3"],
  ["2001:db9::1", "2001:db8::/32"],
  ["10.1.2.3", "::/0"],
  ["::1", "0.0.0.0/0"],
  ["", "0.0.0.0/0"],
  ["localhost", "0.0.0.0/0"],
  ["10.1.2.3", "10.0.0.0/33"],
  ["10.1.2.3", "10.0.0.0/ 8"],
  ["10.1.2.3", "anything"],
] as const;

for (const [address, network] of outside) {
  test(`"${address}" does not lie in ${network}`, () => assert.equal(liesIn(address, [network]), false));
}

test("an address lies in a list when it lies in one of its networks, and in no empty list", () => {
  assert.equal(liesIn("10.1.2.3", ["192.0.2.0/24", "10.0.0.0/8"]), true);
  assert.equal(liesIn("10.1.2.3", []), false);
});

for (const text of [
  "10.0.0.0/",
  "10.0.0.0/08",
  "10.0.0.0/-1",
  "10.0.0.0/8/8",
  "10.0.0",
  "fe80::1%eth0",
  "",
  "::/129",
])
  test(`"${text}" is not a network`, () => assert.equal(parseNetwork(text), undefined));
