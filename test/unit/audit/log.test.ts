import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../../src/audit/log.ts";
import type { Event } from "../../../src/base/event.ts";
import { Secret } from "../../../src/base/secret.ts";

function written(event: object, format: "json" | "text", colours = false): string {
  let text = "";
  const destination = { write: (line: string) => (text += line) };
  createLog({ level: "trace", format }, { destination, colours })(event as Event);
  return text;
}

const REFUSED = {
  event: "connection.refused.v1",
  session: undefined,
  door: "postgres",
  peer: { address: "192.0.2.7", port: 5000, tls: true },
  code: "wire/protocol",
  detail: "a message\nof two lines",
} as const;

test("a JSON line has the time, the level, the event and its fields, and nothing of the machine", () => {
  const { time, ...rest } = JSON.parse(written(REFUSED, "json"));
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const { session: _, ...fields } = REFUSED;
  assert.deepEqual(rest, { level: "info", ...fields });
});

test("a text line is one line that a person can read", () => {
  const [time, ...rest] = written(REFUSED, "text").split(" ");
  assert.match(time ?? "", /^\d\d:\d\d:\d\d$/);
  assert.equal(
    rest.join(" "),
    'info  connection.refused door=postgres peer.address=192.0.2.7 peer.port=5000 peer.tls=true code=wire/protocol detail="a message\\nof two lines"\n',
  );
});

test("a text line shows the end of a right as a date", () => {
  const allowed = { event: "login.allowed.v1", role: "analyst", until: Date.UTC(2026, 10, 24, 8) };
  assert.match(written(allowed, "text"), / role=analyst until=2026-11-24T08:00:00\.000Z\n$/);
  assert.equal(JSON.parse(written(allowed, "json")).until, allowed.until);
});

test("colours are written only where they were asked for", () => {
  assert.ok(!written(REFUSED, "text", false).includes("\u001b"));
  assert.ok(written(REFUSED, "text", true).includes("\u001b["));
  assert.ok(!written(REFUSED, "json", true).includes("\u001b"));
});

for (const [what, evil] of [
  ["a line break", "a\nlevel=error forged"],
  ["an escape sequence", "\u001b[2J\u001b[1;1H"],
  ["an eight-bit control character", "\u009b2J"],
  ["a bidirectional override", "\u202etxt.exe"],
  ["a Unicode line separator", "a\u2028b"],
] as const) {
  test(`a text line shows ${what} that a client sent as an escape`, () => {
    const line = written({ ...REFUSED, detail: evil, code: evil }, "text");
    assert.match(line, /^[\x20-\x7e]+\n$/);
  });
}

test("an event under the configured level is not written", () => {
  let lines = 0;
  const observe = createLog(
    { level: "warn", format: "json" },
    { destination: { write: () => void lines++ } },
  );
  observe(REFUSED);
  observe({ event: "config.refused.v1", source: "postern.yaml", detail: "a fault" });
  assert.equal(lines, 1);
});

test("every line carries the fields that the log was made with", () => {
  let text = "";
  const destination = { write: (line: string) => (text += line) };
  createLog({ level: "info", format: "json" }, { destination, fields: { worker: 2 } })(REFUSED);
  assert.equal(JSON.parse(text).worker, 2);
});

const JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";
for (const [what, fields, secret] of [
  ["a Secret", { value: new Secret("hunter2") }, "hunter2"],
  ["a token in prose", { detail: `could not take ${JWT}, sorry` }, JWT],
  ["a cut-off token", { detail: `starts with ${JWT.slice(0, 40)}` }, JWT.slice(0, 40)],
  ["a token as a role name", { role: JWT }, JWT],
  ["a token as a field's name", { [JWT]: 1 }, JWT],
  ["a password in a URI", { host: "postgres://app:hunter2@db.example.com:5432/shop" }, "hunter2"],
  ["a password in a connection string", { detail: "host=db password=hunter2 user=app" }, "hunter2"],
  ["a quoted password in a connection string", { detail: "password='hunter2 x' user=app" }, "hunter2"],
  ["a token in a query string", { detail: "GET /keys?access_token=hunter2&x=1" }, "hunter2"],
  ["a password in JSON in a text", { detail: '{"password": "hunter2"}' }, "hunter2"],
  ["an Authorization header", { detail: "Authorization: Bearer hunter2hunter2" }, "hunter2"],
  ["a private key", { detail: "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----" }, "hunter2"],
  ["an error's message", { cause: new Error("password=hunter2") }, "hunter2"],
  ["bytes", { body: Buffer.from("hunter2") }, "hunter2"],
  ["bytes in JSON's form", { body: Buffer.from("hunter2") }, "104,117"],
  ["a map's secret entry", { headers: new Map([["Set-Cookie", "hunter2"]]) }, "hunter2"],
  ["what is nested too deep", { a: { b: { c: { d: { e: { f: { g: "hunter2" } } } } } } }, "hunter2"],
] as const) {
  test(`the log does not show ${what}`, () => {
    for (const format of ["json", "text"] as const) {
      const line = written({ ...REFUSED, ...fields }, format);
      assert.ok(line.includes("connection.refused"), line);
      assert.ok(!line.includes(secret), line);
    }
  });
}

test("what only sounds like a secret stays readable", () => {
  const event = {
    ...REFUSED,
    detail: "token: not before 12:00",
    code: "wire/no-token",
    keys: 3,
    keyThumbprint: "abc",
  };
  const { detail, code, keys, keyThumbprint } = JSON.parse(written(event, "json"));
  assert.deepEqual(
    { detail, code, keys, keyThumbprint },
    {
      detail: "token: not before 12:00",
      code: "wire/no-token",
      keys: 3,
      keyThumbprint: "abc",
    },
  );
});
