import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type BackendMessage, BackendReader } from "../../../src/protocol/backend.ts";
import {
  parseAuthentication,
  parseBackendKey,
  parseDataRow,
  parseErrorFields,
  parseParameterStatus,
} from "../../../src/protocol/backend-messages.ts";
import { message } from "../../../src/protocol/bytes.ts";
import { ProtocolFault } from "../../../src/protocol/fault.ts";
import { saslprep } from "../../../src/protocol/saslprep.ts";
import { ScramExchange } from "../../../src/protocol/scram.ts";

const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const type = fc.constantFrom(..."REKSNZDTCv");
const text = fc.string({ maxLength: 30, unit: "grapheme" }).map((value) => value.replaceAll("\0", ""));

function readAll(chunks: readonly Buffer[]): { readonly messages: BackendMessage[]; readonly rest: Buffer } {
  const reader = new BackendReader();
  const messages: BackendMessage[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== undefined; next = reader.next()) messages.push(next);
  }
  return { messages, rest: reader.rest() };
}

/** `whole`, cut at the given places. */
function cut(whole: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [
    0,
    ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b),
    whole.length,
  ];
  return sorted.slice(1).map((end, at) => whole.subarray(sorted[at], end));
}

test("the server's messages are the same however the network splits and joins them", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(type, bytes), { maxLength: 8 }),
      bytes.map((rest) => rest.subarray(0, 4)),
      fc.array(fc.nat(), { maxLength: 12 }),
      (parts, rest, places) => {
        const sent = parts.map(([name, body]) => message(name, body));
        const { messages, rest: left } = readAll(cut(Buffer.concat([...sent, rest]), places));
        assert.deepEqual(
          messages.map(({ raw }) => raw),
          sent,
        );
        assert.deepEqual(
          messages.map((one) => [one.type, one.body]),
          parts,
        );
        assert.deepEqual(left, rest);
      },
    ),
  );
});

test("the server's messages are the same for every single split", () => {
  const sent = [message("R", Buffer.alloc(4)), message("S", "a\0b\0"), message("Z", "I")];
  const whole = Buffer.concat(sent);
  for (let at = 0; at <= whole.length; at++) {
    const { messages } = readAll([whole.subarray(0, at), whole.subarray(at)]);
    assert.deepEqual(
      messages.map(({ raw }) => raw),
      sent,
    );
  }
});

test("an impossible length is refused from the header alone", () => {
  fc.assert(
    fc.property(
      type,
      fc.oneof(fc.integer({ min: -(2 ** 31), max: 3 }), fc.integer({ min: 65_537, max: 2 ** 31 - 1 })),
      (name, length) => {
        const header = Buffer.alloc(5);
        header.write(name, "latin1");
        header.writeInt32BE(length, 1);
        assert.throws(() => readAll([header]), ProtocolFault);
      },
    ),
  );
});

const parsers = {
  parseAuthentication,
  parseErrorFields,
  parseParameterStatus,
  parseBackendKey,
  parseDataRow,
};

for (const [name, parse] of Object.entries(parsers)) {
  test(`${name} takes any bytes and throws nothing but a fault`, () => {
    fc.assert(
      fc.property(bytes, (body) => {
        try {
          parse(body);
        } catch (error) {
          assert.ok(error instanceof ProtocolFault);
        }
      }),
    );
  });
}

test("error fields survive encoding and decoding", () => {
  const code = fc.constantFrom(..."SVCMDHPpqWsctdnFLR");
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(code, text), { selector: ([letter]) => letter }), (fields) => {
      const body = Buffer.from(`${fields.map(([letter, value]) => `${letter}${value}\0`).join("")}\0`);
      assert.deepEqual([...parseErrorFields(body)], fields);
    }),
  );
});

test("a SCRAM client takes any challenge and any last message, and throws nothing but a fault", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.boolean(), (challenge, final, ours) => {
      const exchange = new ScramExchange({ kind: "none" }, "nonce");
      for (const step of [
        () => exchange.challenge(ours ? `r=nonce${challenge}` : challenge),
        () => exchange.verify(final),
      ]) {
        try {
          step();
        } catch (error) {
          assert.ok(error instanceof ProtocolFault);
        }
      }
    }),
  );
});

test("a password of ASCII is hashed as it is, and no password makes the preparation fail", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii" }), fc.string({ unit: "binary" }), (ascii, any) => {
      assert.equal(saslprep(ascii), ascii);
      saslprep(any);
    }),
  );
});
