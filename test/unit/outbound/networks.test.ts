import assert from "node:assert/strict";
import { test } from "node:test";
import { isPrivateAddress } from "../../../src/outbound/networks.ts";

const notPublic = [
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.0.1",
  "198.18.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "::ffff:10.0.0.1",
  "::ffff:8.8.8.8",
  "64:ff9b::a00:1",
  "fc00::1",
  "fd12::1",
  "fe80::1%eth0",
  "fec0::1",
  "ff02::1",
  "2001:db8::1",
  "2002:a00:1::",
  "not an address",
];
for (const address of notPublic) {
  test(`${address} is refused where private networks are`, () => {
    assert.equal(isPrivateAddress(address), true);
  });
}

for (const address of [
  "8.8.8.8",
  "1.1.1.1",
  "172.32.0.1",
  "100.128.0.1",
  "2606:4700::1111",
  "2a00:1450::1",
]) {
  test(`${address} is of the public internet`, () => {
    assert.equal(isPrivateAddress(address), false);
  });
}
