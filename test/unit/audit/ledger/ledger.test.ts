import assert from "node:assert/strict";
import { test } from "node:test";
import { AuditError } from "../../../../src/audit/ledger/errors.ts";
import { isFault, NOTHING_BEFORE, readRecord } from "../../../../src/audit/ledger/record.ts";
import type { Event } from "../../../../src/base/event.ts";
import { VirtualClock } from "../../../support/clock.ts";
import { loaded, MemorySink, openLedger } from "../../../support/ledger.ts";

function eventsIn({ lines }: MemorySink): string[] {
  return lines.map((line) => {
    const record = readRecord(line);
    assert.ok(!isFault(record), line);
    return record.event.event;
  });
}

test("a chain begins with a record that has nothing before it, and each next one names the hash before", async () => {
  const sink = new MemorySink();
  const ledger = await openLedger(sink);
  await ledger.append(loaded("a"));
  await ledger.append(loaded("b"));
  const records = sink.lines.map(readRecord);
  const read = records.map((record) => (isFault(record) ? assert.fail(record.fault) : record));
  assert.deepEqual(
    read.map(({ seq }) => seq),
    [1, 2, 3],
  );
  assert.deepEqual(
    read.map(({ prev }) => prev),
    [NOTHING_BEFORE, read[0]?.hash, read[1]?.hash],
  );
  assert.match(read[0]?.node ?? "", /^gw1\/[0-9a-f]{16}$/);
});

test("events that come together are written by one write", async () => {
  const sink = new MemorySink();
  const ledger = await openLedger(sink);
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.held = promise;
  const all = Array.from({ length: 50 }, (_, n) => ledger.append(loaded(String(n))));
  resolve();
  await Promise.all(all);
  assert.deepEqual(sink.writes, [1, 50]);
});

test("an append resolves only when the sink has confirmed it", async () => {
  const sink = new MemorySink();
  const ledger = await openLedger(sink);
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.held = promise;
  let confirmed = false;
  const appended = ledger.append(loaded("a")).then(() => {
    confirmed = true;
  });
  await new Promise(setImmediate);
  assert.equal(confirmed, false);
  resolve();
  await appended;
  assert.equal(sink.records.length, 2);
});

test("when the sink fails, an append is refused, the log says so once, and later ones work again", async () => {
  const sink = new MemorySink();
  const seen: Event[] = [];
  const ledger = await openLedger(sink, { observe: (event) => seen.push(event) });
  sink.failure = new Error("no space left on device");
  for (const source of ["a", "b"])
    await assert.rejects(
      ledger.append(loaded(source)),
      (error) => error instanceof AuditError && error.code === "audit/unwritable",
    );
  sink.failure = undefined;
  await ledger.append(loaded("c"));
  assert.deepEqual(eventsIn(sink), ["ledger.begun.v1", "config.loaded.v1"]);
  assert.deepEqual(
    seen.map(({ event }) => event),
    ["audit.failed.v1", "audit.recovered.v1"],
  );
});

test("an offered event that could not be written is written when the sink works again", async () => {
  const clock = new VirtualClock();
  const sink = new MemorySink();
  const ledger = await openLedger(sink, { clock });
  sink.failure = new Error("no space left on device");
  ledger.offer(loaded("a"));
  clock.advance(200);
  await new Promise(setImmediate);
  assert.equal(sink.records.length, 1);
  sink.failure = undefined;
  clock.advance(1000);
  await new Promise(setImmediate);
  assert.equal(sink.records.length, 2);
});

test("offered events that come while others are written wait for company too", async () => {
  const clock = new VirtualClock();
  const sink = new MemorySink();
  const ledger = await openLedger(sink, { clock });
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.held = promise;
  ledger.offer(loaded("a"));
  clock.advance(200);
  await new Promise(setImmediate); // it is being written
  ledger.offer(loaded("b"));
  resolve();
  await new Promise(setImmediate);
  ledger.offer(loaded("c"));
  assert.deepEqual(sink.writes, [1, 1]);
  clock.advance(200);
  await new Promise(setImmediate);
  assert.deepEqual(sink.writes, [1, 1, 2]);
});

test("an offered event whose moment comes while others are written is written behind them", async () => {
  const clock = new VirtualClock();
  const sink = new MemorySink();
  const ledger = await openLedger(sink, { clock });
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.held = promise;
  const appended = ledger.append(loaded("a"));
  await new Promise(setImmediate); // it is being written
  ledger.offer(loaded("b"));
  clock.advance(200);
  resolve();
  await appended;
  await new Promise(setImmediate);
  assert.deepEqual(sink.writes, [1, 1, 1]);
});

test("an event that was offered before another was appended is recorded with it, at once", async () => {
  const sink = new MemorySink();
  const ledger = await openLedger(sink);
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.held = promise;
  const first = ledger.append(loaded("a"));
  await new Promise(setImmediate); // it is being written
  ledger.offer(loaded("b"));
  const second = ledger.append(loaded("c"));
  resolve();
  await Promise.all([first, second]);
  assert.deepEqual(sink.writes, [1, 1, 2]);
});

test("a record that was kept although its write failed stays in the chain, and the chain goes on behind it", async () => {
  const sink = new MemorySink();
  const ledger = await openLedger(sink);
  sink.failure = new Error("connection lost");
  sink.keepsFailed = true;
  await assert.rejects(ledger.append(loaded("a")));
  sink.failure = undefined;
  await ledger.append(loaded("b"));
  assert.deepEqual(
    sink.records.map(({ seq }) => seq),
    [1, 2, 3],
  );
  assert.equal(sink.records[2]?.prev, sink.records[1]?.hash);
});

test("more events than may wait are refused when appended, and counted in the chain when offered", async () => {
  const sink = new MemorySink();
  const ledger = await openLedger(sink);
  const { promise, resolve } = Promise.withResolvers<void>();
  sink.held = promise;
  const first = ledger.append(loaded("first"));
  await new Promise(setImmediate); // it is under way, and no longer waits
  for (let n = 0; n < 5003; n++) ledger.offer(loaded("x"));
  const appended = Array.from({ length: 5000 }, () => ledger.append(loaded("y")));
  await assert.rejects(ledger.append(loaded("too much")), { code: "audit/queue-full" });
  resolve();
  await Promise.all([first, ...appended]);
  await ledger.append(loaded("last"));
  assert.equal(sink.records.length, 1 + 1 + 5000 + 5000 + 1 + 1);
  const lost = sink.lines.find((line) => line.includes("ledger.lost.v1"));
  assert.match(lost ?? "", /"events":3/);
});

test("an event that was appended and is then observed like all others is recorded once", async () => {
  const sink = new MemorySink();
  const ledger = await openLedger(sink);
  const event = loaded("a");
  await ledger.append(event);
  ledger.offer(event);
  await ledger.append(loaded("b"));
  assert.equal(sink.records.length, 3);
});

test("an event that is no audit event is not recorded", async () => {
  const sink = new MemorySink();
  const ledger = await openLedger(sink);
  ledger.offer({ event: "door.opened.v1", door: "postgres", address: "127.0.0.1", port: 1 });
  await ledger.append(loaded("a"));
  assert.deepEqual(eventsIn(sink), ["ledger.begun.v1", "config.loaded.v1"]);
});

test("a clock that goes back is told, and the order stays that of the numbers", async () => {
  const clock = new VirtualClock();
  const sink = new MemorySink();
  const ledger = await openLedger(sink, { clock });
  clock.step(-60_000);
  await ledger.append(loaded("a"));
  assert.deepEqual(eventsIn(sink), ["ledger.begun.v1", "ledger.clock-stepped.v1", "config.loaded.v1"]);
  assert.match(sink.lines[1] ?? "", /"backMs":60000/);
});

test("a ledger that is closed has recorded what waited, and takes nothing more", async () => {
  const sink = new MemorySink();
  const ledger = await openLedger(sink);
  ledger.offer(loaded("a"));
  await ledger.close();
  assert.deepEqual(eventsIn(sink), ["ledger.begun.v1", "config.loaded.v1", "ledger.closed.v1"]);
  assert.equal(sink.closed, true);
  await assert.rejects(ledger.append(loaded("b")), { code: "audit/closed" });
});

test("a ledger goes on with its chain after a restart, and begins another when the node has another name", async () => {
  const sink = new MemorySink();
  const first = await openLedger(sink);
  await first.close();
  const again = await openLedger(sink);
  assert.equal(again.chain, first.chain);
  await again.close();
  const other = await openLedger(sink, { node: "gw2" });
  await other.close();
  const kinds = ["begun", "closed", "resumed", "closed", "begun", "closed"];
  assert.deepEqual(
    eventsIn(sink),
    kinds.map((kind) => `ledger.${kind}.v1`),
  );
  const begun = readRecord(sink.lines[4] ?? "");
  assert.ok(!isFault(begun));
  assert.deepEqual(
    [begun.seq, begun.prev, (begun.event["after"] as { seq: number }).seq],
    [1, NOTHING_BEFORE, 4],
  );
});
