import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createLog } from "../../../src/audit/log.ts";
import type { Event } from "../../../src/base/event.ts";

const SECRET = "S3cr3t-value-that-nobody-may-read";

const secretName = fc
  .constantFrom(
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "client_secret",
    "credential",
    "credentials",
    "authorization",
    "Authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "accessToken",
    "id_token",
    "refresh-token",
    "bearer",
    "jwt",
    "apiKey",
    "api_key",
    "privateKey",
    "PRIVATE_KEY",
    "cancelKey",
    "key",
    "clientAssertion",
    "POSTERN__UPSTREAM__PASSWORD",
    "pem",
    "signature",
  )
  .chain((name) =>
    fc.constantFrom(
      name,
      name.toUpperCase(),
      `my ${name}`.replace("my key", "key").replace("my pem", "pem").replace("my signature", "signature"),
    ),
  );

/** The secret somewhere under a secret's name, inside objects, arrays and maps. */
const hidden = fc.letrec((tie) => ({
  leaf: fc
    .tuple(secretName, fc.constantFrom<unknown>(SECRET, [SECRET], { inner: SECRET }))
    .map(([name, value]) => ({ [name]: value })),
  node: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    tie("leaf"),
    fc.tuple(fc.string(), tie("node")).map(([name, value]) => ({ [name]: value })),
    tie("node").map((value) => [1, value]),
    tie("node").map((value) => new Map([["entry", value]])),
  ),
})).node;

test("a secret under any usual name is never written, however deep it is", () => {
  fc.assert(
    fc.property(hidden, fc.constantFrom("json", "text"), (value, format) => {
      let line = "";
      const destination = { write: (text: string) => (line += text) };
      const event = { event: "config.loaded.v1", source: "test", value };
      createLog({ level: "trace", format }, { destination, colours: false })(event as unknown as Event);
      assert.ok(line.includes("config.loaded"), line);
      assert.ok(!line.includes(SECRET), line);
    }),
  );
});

test("whatever a client sends, a text line stays one line of printable characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (detail) => {
      let line = "";
      const destination = { write: (text: string) => (line += text) };
      createLog(
        { level: "trace", format: "text" },
        { destination, colours: false },
      )({
        event: "config.refused.v1",
        source: "test",
        detail,
      });
      assert.match(line, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+\n$/u);
    }),
  );
});
