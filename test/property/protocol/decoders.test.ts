import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodePassword, decodeSaslInitialResponse, messageLength } from "../../../src/protocol/frontend.ts";
import { decodeOauthResponse } from "../../../src/protocol/oauthbearer.ts";
import { decodeInitialPacket, initialPacketLength } from "../../../src/protocol/startup.ts";
import { packet, startupPacket } from "../../support/wire-bytes.ts";

const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array));
const word = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((text) => !text.includes("\0") && text.isWellFormed());

test("no bytes make the decoder of initial packets throw", () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), bytes, (code, body) => {
      decodeInitialPacket(packet(code, body));
    }),
  );
});

test("startup parameters survive encoding and decoding", () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        word.filter((name) => !name.startsWith("_pq_.")),
        word,
      ),
      (parameters) => {
        const decoded = decodeInitialPacket(startupPacket(parameters));
        if (Object.keys(parameters).length === 0) return;
        assert.ok(decoded.kind === "startup");
        assert.deepEqual(new Map(decoded.parameters), new Map(Object.entries(parameters)));
      },
    ),
  );
});

test("a length is known from its first bytes alone, whatever follows", () => {
  fc.assert(
    fc.property(bytes, bytes, (head, tail) => {
      fc.pre(head.length >= 5);
      const whole = Buffer.concat([head, tail]);
      assert.deepEqual(initialPacketLength(whole, 10_000), initialPacketLength(head.subarray(0, 4), 10_000));
      assert.deepEqual(messageLength(whole, 65_536), messageLength(head.subarray(0, 5), 65_536));
    }),
  );
});

test("no bytes make the decoders of passwords and SASL responses throw", () => {
  fc.assert(
    fc.property(bytes, (body) => {
      decodePassword(body);
      decodeSaslInitialResponse(body);
      decodeOauthResponse(body);
    }),
  );
});

test("a bearer token is found in any well-formed OAUTHBEARER response", () => {
  const token = fc.stringMatching(/^[A-Za-z0-9\-._~+/]{1,80}={0,2}$/);
  fc.assert(
    fc.property(token, fc.constantFrom("n,,", "y,,"), fc.boolean(), (value, header, host) => {
      const more = host ? "host=db.example\x01port=5432\x01" : "";
      const response = Buffer.from(`${header}\x01${more}auth=Bearer ${value}\x01\x01`);
      assert.deepEqual(decodeOauthResponse(response), { kind: "token", token: value });
    }),
  );
});
