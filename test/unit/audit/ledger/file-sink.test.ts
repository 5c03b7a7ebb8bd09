import assert from "node:assert/strict";
import {
  appendFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { filesOf } from "../../../../src/audit/ledger/file-names.ts";
import { isFault, readRecord } from "../../../../src/audit/ledger/record.ts";
import { fileSink, ledgerFile, linesIn, loaded, openLedger } from "../../../support/ledger.ts";

function chainOf(lines: readonly string[]) {
  return lines.map((line) => {
    const record = readRecord(line);
    return isFault(record) ? assert.fail(`${record.fault}: ${line}`) : record;
  });
}

test("each record is one line of the file, which others than its owner and group cannot read", async (t) => {
  const file = ledgerFile(t);
  const ledger = await openLedger(fileSink(file));
  await ledger.append(loaded("a"));
  assert.equal(chainOf(linesIn(file)).length, 2);
  assert.equal(statSync(file).mode & 0o007, 0);
  await ledger.close();
});

test("half a record at the end is cut off at the start, and a record says so", async (t) => {
  const file = ledgerFile(t);
  const ledger = await openLedger(fileSink(file));
  await ledger.append(loaded("a"));
  await ledger.close();
  const whole = linesIn(file);
  appendFileSync(file, (whole[1] ?? "").slice(0, 50));
  const again = await openLedger(fileSink(file));
  await again.close();
  const chain = chainOf(linesIn(file));
  assert.deepEqual(linesIn(file).slice(0, 3), whole);
  assert.equal(chain[3]?.event["cutBytes"], 50);
  assert.deepEqual(
    chain.map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  );
});

test("zeros that a crash left at the end are cut off", async (t) => {
  const file = ledgerFile(t);
  await (await openLedger(fileSink(file))).close();
  appendFileSync(file, Buffer.alloc(5000));
  await (await openLedger(fileSink(file))).close();
  assert.equal(chainOf(linesIn(file))[2]?.event["cutBytes"], 5000);
});

for (const [what, spoil] of [
  [
    "its last line was edited",
    (file: string) => edit(file, (text) => text.replace(/closed(?!.*closed)/s, "opened")),
  ],
  [
    "somebody else's line is at its end",
    (file: string) => appendFileSync(file, "a line of another program\n"),
  ],
  ["somebody else's text is at its end", (file: string) => appendFileSync(file, "text")],
] as const)
  test(`a file is left as it is, and Postern does not start with it, when ${what}`, async (t) => {
    const file = ledgerFile(t);
    await (await openLedger(fileSink(file))).close();
    spoil(file);
    const before = readFileSync(file);
    await assert.rejects(openLedger(fileSink(file)), { code: "audit/damaged" });
    assert.deepEqual(readFileSync(file), before);
  });

function edit(file: string, how: (text: string) => string): void {
  writeFileSync(file, how(readFileSync(file, "utf8")));
}

test("a file that is no ledger is never written to", async (t) => {
  const file = ledgerFile(t);
  writeFileSync(file, "root:x:0:0:root:/root:/bin/bash\n");
  await assert.rejects(openLedger(fileSink(file)), { code: "audit/damaged" });
  assert.equal(readFileSync(file, "utf8"), "root:x:0:0:root:/root:/bin/bash\n");
});

test("a file that is full is put aside, and the chain goes on in the next", async (t) => {
  const file = ledgerFile(t);
  const ledger = await openLedger(fileSink(file, { rotateSize: 1500 }));
  for (let n = 0; n < 20; n++) await ledger.append(loaded(String(n)));
  await ledger.close();
  const files = filesOf(file);
  assert.ok(files.length > 3);
  assert.equal(files.at(-1), file);
  const chain = chainOf(files.flatMap(linesIn));
  assert.deepEqual(
    chain.map(({ seq }) => seq),
    chain.map((_, index) => index + 1),
  );
  for (const [index, { prev }] of chain.entries()) if (index > 0) assert.equal(prev, chain[index - 1]?.hash);
  for (const one of files) assert.ok(statSync(one).size <= 1500);
});

test("a process that died between two files goes on with the chain of the one that is full", async (t) => {
  const file = ledgerFile(t);
  const ledger = await openLedger(fileSink(file, { rotateSize: 1000 }));
  for (let n = 0; n < 10; n++) await ledger.append(loaded(String(n)));
  await ledger.close();
  const before = chainOf(linesIn(filesOf(file).at(-2) ?? "")).at(-1);
  unlinkSync(file);
  const again = await openLedger(fileSink(file));
  await again.close();
  const [first] = chainOf(linesIn(file));
  assert.deepEqual([first?.seq, first?.prev], [(before?.seq ?? 0) + 1, before?.hash]);
});

test("the chain goes on in a new file when the old one is moved away", async (t) => {
  const file = ledgerFile(t);
  const ledger = await openLedger(fileSink(file));
  await ledger.append(loaded("a"));
  renameSync(file, `${file}.1`);
  await ledger.append(loaded("b"));
  await ledger.close();
  const chain = chainOf([...linesIn(`${file}.1`), ...linesIn(file)]);
  assert.deepEqual(
    chain.map(({ seq }) => seq),
    [1, 2, 3, 4],
  );
});

test("a second process that writes to the same file makes appends fail, and loses nothing of the first", async (t) => {
  const file = ledgerFile(t);
  const ledger = await openLedger(fileSink(file));
  await ledger.append(loaded("a"));
  appendFileSync(file, "x");
  await assert.rejects(ledger.append(loaded("b")), { code: "audit/damaged" });
  truncateSync(file, statSync(file).size - 1);
  await ledger.append(loaded("c"));
  await ledger.close();
  assert.deepEqual(
    chainOf(linesIn(file)).map(({ event }) => event["source"]),
    [undefined, "a", "c", undefined],
  );
});

test("a ledger that somebody keeps is not opened by a second, and is free once the first has closed it", async (t) => {
  const file = ledgerFile(t);
  const ledger = await openLedger(fileSink(file));
  const before = readFileSync(file);
  await assert.rejects(openLedger(fileSink(file)), {
    code: "audit/in-use",
    message: new RegExp(`another Postern keeps this ledger, file ${RegExp.escape(file)}; stop it`),
  });
  assert.deepEqual(readFileSync(file), before);
  await ledger.append(loaded("a"));
  await ledger.close();
  await (await openLedger(fileSink(file))).close();
});

test("a ledger that cannot be opened is left free for the next", async (t) => {
  const file = ledgerFile(t);
  writeFileSync(file, "no record\n");
  await assert.rejects(openLedger(fileSink(file)), { code: "audit/damaged" });
  unlinkSync(file);
  await (await openLedger(fileSink(file))).close();
});

test("nothing but the ledger's own files is taken for one", async (t) => {
  const file = ledgerFile(t);
  await (await openLedger(fileSink(file))).close();
  await (await openLedger(fileSink(file.replace(".jsonl", ".w2.jsonl")))).close();
  for (const name of ["audit.txt", "audit.w2.bak.jsonl", "xaudit.jsonl", "audit.1.jsonl"])
    writeFileSync(`${dirname(file)}/${name}`, "");
  assert.equal(readdirSync(dirname(file)).length, 8);
  assert.deepEqual(filesOf(file), [file, file.replace(".jsonl", ".w2.jsonl")]);
});
