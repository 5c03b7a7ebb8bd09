import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "../../../../src/audit/ledger/canonical.ts";
import { eventText } from "../../../../src/audit/ledger/event-text.ts";
import { redact } from "../../../../src/audit/redact.ts";
import type { Event } from "../../../../src/base/event.ts";
import type { ClusterName, SessionId } from "../../../../src/base/ids.ts";

type Statement = Extract<Event, { readonly event: "statement.v1" }>;

function statement(sql: string, parameters?: readonly string[]): Statement {
  const ids = { session: "5f0c6a91d2be" as SessionId, cluster: "main" as ClusterName };
  return { event: "statement.v1", ...ids, door: "postgres", sql, bytes: sql.length, parameters };
}

test("a statement of any length takes a bounded place, and says how much of it is not there", () => {
  const { sql } = JSON.parse(eventText(statement("x".repeat(50_000_000))));
  assert.equal(sql, `${"x".repeat(32 * 1024)}… [49967232 more]`);
});

test("an event with any number of long values takes a bounded place, and its seal is that of the whole", () => {
  const text = eventText(statement("SELECT 1", Array(60_000).fill("y".repeat(100))));
  assert.ok(text.length < 1000);
  const { parameters, cutFrom, cutHash, sql } = JSON.parse(text);
  assert.deepEqual([parameters, sql], ["[60000 values]", "SELECT 1"]);
  assert.ok(cutFrom > 6_000_000);
  assert.match(cutHash, /^[0-9a-f]{64}$/);
});

test("a broken surrogate becomes the character that stands for one, and a cut never leaves half a character", () => {
  assert.equal(JSON.parse(eventText(statement("a\ud800b"))).sql, "a\ufffdb");
  const { sql } = JSON.parse(eventText(statement(`x${"😀".repeat(32 * 1024)}`)));
  assert.ok(sql.isWellFormed());
});

test("a statement is written as any other event would be", () => {
  for (const [sql, parameters] of [
    ["SELECT 1", undefined],
    ["SELECT $1, 'ä\u2028\n\u0000\"\\ud800'", ["a", null, "\u0001"]],
    ["password=hunter2 \ud800", []],
  ] as const) {
    const event = statement(sql, parameters as never);
    const general = canonicalJson({
      ...event,
      sql: String(redact(sql.toWellFormed())),
      parameters: event.parameters,
    } as never);
    assert.equal(eventText(event), general);
  }
});

test("the password that a statement sets is blotted out, however it is quoted", () => {
  for (const literal of ["'hunter2'", "'it''s hunter2'", "E'a\\'hunter2'", "'hunter2"]) {
    const { sql } = JSON.parse(eventText(statement(`ALTER ROLE ada PASSWORD ${literal}`)));
    assert.equal(sql, "ALTER ROLE ada PASSWORD [secret]");
  }
});

test("what looks like a secret is blotted out", () => {
  const { sql } = JSON.parse(eventText(statement("SELECT dblink('password=hunter2')")));
  assert.doesNotMatch(sql, /hunter2/);
});
