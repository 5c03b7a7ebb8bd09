import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  cancelRequest,
  passwordMessage,
  saslInitialResponse,
  sslRequest,
  startupMessage,
} from "../../../src/protocol/client-messages.ts";
import {
  decodePassword,
  decodeSaslInitialResponse,
  messageLength,
  splitMessage,
} from "../../../src/protocol/frontend.ts";
import { decodeInitialPacket } from "../../../src/protocol/startup.ts";

const text = fc
  .string({ unit: "grapheme", maxLength: 40 })
  .filter((value) => !value.includes("\0") && value.isWellFormed());
const name = text.filter((value) => value !== "" && !value.startsWith("_pq_."));

test("a startup packet that we write to a server reads back as what was meant", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, text), { selector: ([key]) => key }),
      fc.constantFrom(0, 2),
      (entries, minor) => {
        const packet = startupMessage(new Map(entries), minor);
        assert.equal(packet.readInt32BE(0), packet.length);
        const decoded = decodeInitialPacket(packet);
        assert.ok(decoded.kind === "startup");
        assert.deepEqual([decoded.major, decoded.minor], [3, minor]);
        assert.deepEqual([...decoded.parameters], entries);
      },
    ),
  );
});

test("cancel keys of every length of protocol 3.2 are sent as they were given", () => {
  const secret = fc.uint8Array({ minLength: 4, maxLength: 256 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), secret, (processId, key) => {
      const decoded = decodeInitialPacket(cancelRequest({ processId, secret: key }));
      assert.deepEqual(decoded, { kind: "cancel", processId, key });
    }),
  );
});

test("passwords and SASL messages read back as what was meant", () => {
  fc.assert(
    fc.property(text, text, (first, second) => {
      const password = passwordMessage(first);
      assert.equal(messageLength(password, 1000), password.length);
      assert.equal(decodePassword(splitMessage(password).body), first);
      const sasl = decodeSaslInitialResponse(splitMessage(saslInitialResponse(first, second)).body);
      assert.deepEqual(sasl, { mechanism: first, response: Buffer.from(second) });
    }),
  );
});

test("a NUL never gets into a string of the protocol, nor a parameter without a name", () => {
  for (const parameters of [[["a\0b", "c"]], [["a", "b\0user\0postgres"]], [["", "x"]]] as const) {
    assert.throws(() => startupMessage(new Map(parameters), 2), TypeError);
  }
  assert.throws(() => passwordMessage("a\0b"), TypeError);
});

test("the request for TLS is the eight bytes that every server knows", () => {
  assert.equal(sslRequest.toString("hex"), "0000000804d2162f");
});
