import assert from "node:assert/strict";
import { appendFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { AuditEvent } from "../../../../src/audit/ledger/audited.ts";
import { readLines } from "../../../../src/audit/ledger/lines.ts";
import type { Query } from "../../../../src/audit/ledger/query.ts";
import { matcherOf } from "../../../../src/audit/ledger/query.ts";
import { emptyChain, sealEvent } from "../../../../src/audit/ledger/record.ts";
import { recordText } from "../../../../src/audit/ledger/record-text.ts";
import { verifyLedger } from "../../../../src/audit/ledger/verify.ts";
import type { SessionId, SubjectId } from "../../../../src/base/ids.ts";
import { asLines, chainLines, ledgerFile, loaded, newSigner, recordOf } from "../../../support/ledger.ts";

test("only a newline ends a record: a text that other readers break in lines stays whole", async (t) => {
  const file = ledgerFile(t);
  const lines = await chainLines(["a\u2028b\u2029c\u0085d\re"]);
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  const read = await Array.fromAsync(readLines([file]));
  assert.deepEqual(
    read.map(({ text }) => text),
    lines,
  );
});

test("a line without an end is no finding but a note: it is being written", async (t) => {
  const file = ledgerFile(t);
  const lines = await chainLines(["a"]);
  writeFileSync(file, lines.map((line) => `${line}\n`).join(""));
  appendFileSync(file, '{"event":{"event":"con');
  const { ok, notes } = await verifyLedger(readLines([file]), { keys: [], held: [] });
  assert.equal(ok, true);
  assert.deepEqual(notes, [
    "audit.jsonl:4: ends in a record that is not finished; the next start cuts it off",
  ]);
});

/** A record of an event. */
function record(event: AuditEvent, time = 0) {
  return recordOf(sealEvent(event, time, emptyChain("gw1/0123456789abcdef")).line);
}

const session = "5f0c6a91d2be" as SessionId;
const subject = "https://issuer.test:ada" as SubjectId;
const peer = { address: "192.0.2.7", port: 5000, tls: true };
const at = { session, door: "postgres", cluster: "main" } as never;

test("what an identity did takes in its sessions, up to their end, by its subject or its username", () => {
  const allowed = record({
    ...(at as object),
    event: "login.allowed.v1",
    peer,
    subject,
    username: "ada",
  } as never);
  const ended = record({ ...(at as object), event: "session.ended.v1", reason: "idle" } as never);
  for (const actor of [subject, "ada"]) {
    const matches = matcherOf({ actor });
    assert.deepEqual([ended, allowed, ended, ended].map(matches), [false, true, true, false]);
  }
});

test("a grant takes in its request, its approvals, the sessions that used it, and its end, in their order", () => {
  const other = { ...(at as object), session: "another" };
  const told = [
    { event: "access.requested.v1", request: "req_1" },
    { event: "access.approved.v1", request: "req_2" },
    { event: "access.approved.v1", request: "req_1" },
    { event: "grant.started.v1", grant: "req_1", request: "req_1" },
    { ...(at as object), event: "login.allowed.v1", grants: ["req_2", "req_1"] },
    { ...other, event: "login.allowed.v1", grants: ["req_2"] },
    { ...(at as object), event: "session.started.v1", loginMs: 1 },
    { ...other, event: "session.started.v1", loginMs: 2 },
    { event: "grant.ended.v1", grant: "req_1" },
    { ...(at as object), event: "session.ended.v1" },
  ];
  const matches = matcherOf({ grant: "req_1" });
  assert.deepEqual(
    told.map((event) => matches(record(event as never))),
    [true, false, true, true, true, false, true, false, true, true],
  );
});

test("an approver is found by subject or username, and in records from before by subject", () => {
  const event = { event: "access.approved.v1", actor: subject, request: "req_1" };
  const found = (fields: object, actor: string) => matcherOf({ actor })(record(fields as never));
  assert.equal(found({ ...event, actorName: "ada" }, "ada"), true);
  assert.equal(found({ ...event, actorName: "ada" }, subject), true);
  assert.equal(found(event, subject), true);
  assert.equal(found(event, "ada"), false);
});

const CHOICES: readonly (readonly [Query, boolean])[] = [
  [{}, true],
  [{ event: "config" }, true],
  [{ event: "config.loaded" }, true],
  [{ event: "config.loaded.v1" }, true],
  [{ event: "conf" }, false],
  [{ from: 1000, to: 2000 }, true],
  [{ from: 1001 }, false],
  [{ to: 1000 }, false],
  [{ cluster: "main" }, false],
];

for (const [query, chosen] of CHOICES)
  test(`a configuration that was loaded at 1 s is ${chosen ? "" : "not "}among ${JSON.stringify(query)}`, () => {
    assert.equal(matcherOf(query)(record(loaded("x") as AuditEvent, 1000)), chosen);
  });

test("a record for people is one line of plain characters", () => {
  const shown = recordText(record({ event: "config.loaded.v1", source: "a\n\u001b[2J\u202e b" }));
  assert.equal(shown, '1970-01-01T00:00:00.000Z gw1 #1 config.loaded source="a\\n\\u001b[2J\\u202e b"');
});

test("old files that were put away are no finding for whoever holds the checkpoint before the first that is here", async () => {
  const signer = newSigner();
  const lines = await chainLines(["a", "b", "c", "d", "e", "f"], { signer, every: 3 });
  const at = lines.findLastIndex((line, index) => index < 6 && line.includes("ledger.checkpoint.v1"));
  const { event } = recordOf(lines[at]);
  const held = { ...event, seq: at } as never;
  const left = asLines(lines.slice(at));
  const without = await verifyLedger(left, { keys: [signer.publicKey], held: [] });
  assert.deepEqual(
    without.findings.map(({ kind, seq }) => [kind, seq]),
    [["missing", 1]],
  );
  const { ok } = await verifyLedger(left, { keys: [signer.publicKey], held: [held] });
  assert.equal(ok, true);
});
