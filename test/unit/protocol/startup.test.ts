import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeInitialPacket, initialPacketLength } from "../../../src/protocol/startup.ts";
import { packet, startupPacket } from "../../support/wire-bytes.ts";

const V3_0 = 196608;
const KEY = Buffer.from("0123456789abcdef", "hex");

test("an SSLRequest is read", () => {
  assert.deepEqual(decodeInitialPacket(packet(80877103)), { kind: "ssl-request" });
});

test("a GSSENCRequest is read", () => {
  assert.deepEqual(decodeInitialPacket(packet(80877104)), { kind: "gssenc-request" });
});

test("a cancel request is read with keys of 4 to 256 bytes", () => {
  for (const bytes of [4, 32, 256]) {
    const key = Buffer.alloc(bytes, 7);
    const decoded = decodeInitialPacket(packet(80877102, Buffer.from([0, 0, 1, 2]), key));
    assert.deepEqual(decoded, { kind: "cancel", processId: 258, key });
  }
});

test("a startup packet is read with its parameters and protocol options", () => {
  const decoded = decodeInitialPacket(
    startupPacket({ user: "ada", database: "shop", "_pq_.x": "1" }, 196610),
  );
  assert.ok(decoded.kind === "startup");
  assert.deepEqual([decoded.major, decoded.minor], [3, 2]);
  assert.deepEqual(
    [...decoded.parameters],
    [
      ["user", "ada"],
      ["database", "shop"],
    ],
  );
  assert.deepEqual(decoded.protocolOptions, ["_pq_.x"]);
});

const malformed: readonly [string, Buffer][] = [
  ["an SSLRequest with a tail", packet(80877103, Buffer.from([0]))],
  ["a cancel request without a key", packet(80877102, Buffer.alloc(4))],
  ["a cancel request with a key of 3 bytes", packet(80877102, Buffer.alloc(4), KEY.subarray(0, 3))],
  ["a cancel request with a key of 257 bytes", packet(80877102, Buffer.alloc(4), Buffer.alloc(257))],
  ["a startup packet without a terminator", packet(V3_0, Buffer.from("user\0ada\0"))],
  ["a startup packet without anything", packet(V3_0)],
  ["a name without a value", packet(V3_0, Buffer.from("user\0\0"))],
  ["a name that does not end", packet(V3_0, Buffer.from("user"))],
  ["an empty name", packet(V3_0, Buffer.from("\0x\0\0"))],
  ["bytes behind the terminator", packet(V3_0, Buffer.from("user\0ada\0\0\0"))],
  ["the same name twice", packet(V3_0, Buffer.from("user\0ada\0user\0postgres\0\0"))],
  ["a name that is not UTF-8", packet(V3_0, Buffer.from([0xff, 0xfe, 0, 0x61, 0, 0]))],
];

for (const [name, bytes] of malformed) {
  test(`attack 5: ${name} is a fault`, () => assert.equal(decodeInitialPacket(bytes).kind, "fault"));
}

for (const length of [0, 4, 7, -1, -2147483648, 10_001, 2147483647]) {
  test(`attack 4: a startup packet that claims ${length} bytes is refused before it is read`, () => {
    const head = Buffer.alloc(4);
    head.writeInt32BE(length);
    assert.deepEqual(initialPacketLength(head, 10_000), { fault: `a startup packet of ${length} bytes` });
  });
}

test("the length word is not judged before it is whole", () => {
  assert.equal(initialPacketLength(Buffer.from([0xff, 0xff, 0xff]), 10_000), undefined);
});
