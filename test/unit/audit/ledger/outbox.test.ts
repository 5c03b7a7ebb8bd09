import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ledger } from "../../../../src/audit/ledger/ledger.ts";
import { Outbox, type OutboxQueue, type Unrecorded } from "../../../../src/audit/ledger/outbox.ts";
import { noticeIn } from "../../../../src/audit/ledger/record.ts";
import { verifyLedger } from "../../../../src/audit/ledger/verify.ts";
import type { Notice } from "../../../../src/base/notice.ts";
import { noticeOf } from "../../../../src/base/notice.ts";
import { VirtualClock } from "../../../support/clock.ts";
import {
  asLines,
  fileSink,
  ledgerFile,
  linesIn,
  loaded,
  MemorySink,
  openLedger,
  recordOf,
} from "../../../support/ledger.ts";

/** Notices in memory, as the store has them. */
class MemoryQueue implements OutboxQueue {
  readonly rows = new Map<string, Unrecorded & { chain: string | undefined }>();
  reachable = true;

  /** What a transaction that commits leaves. */
  commit({ id, time, event }: Notice, chain: string): void {
    this.rows.set(id, { id, time, event: JSON.stringify(event), chain });
  }

  async claim(chain: string, busy: readonly string[]): Promise<readonly Unrecorded[]> {
    const due = this.#all().filter((row) => (row.chain ?? chain) === chain && !busy.includes(row.id));
    for (const row of due) row.chain = chain;
    return due;
  }

  async release(chain: string, ids: readonly string[]): Promise<void> {
    for (const row of this.#all()) if (row.chain === chain && ids.includes(row.id)) row.chain = undefined;
  }

  async remove(ids: readonly string[]): Promise<void> {
    this.#all();
    for (const id of ids) this.rows.delete(id);
  }

  #all() {
    if (!this.reachable) throw new Error("the store is out of reach");
    return [...this.rows.values()];
  }
}

const NOW = Date.UTC(2026, 0, 1);

class OutboxWorld {
  readonly clock = new VirtualClock(NOW);
  readonly queue = new MemoryQueue();
  readonly sink: MemorySink;
  readonly ledger: Ledger;

  private constructor(sink: MemorySink, ledger: Ledger) {
    this.sink = sink;
    this.ledger = ledger;
  }

  static async open(): Promise<OutboxWorld> {
    const sink = new MemorySink();
    return new OutboxWorld(sink, await openLedger(sink));
  }

  outbox(ledger: Ledger = this.ledger): Outbox {
    return new Outbox({ queue: this.queue, keeper: ledger, clock: this.clock });
  }

  /** A change that was committed here. */
  change(name: string): Notice {
    const notice = noticeOf(loaded(name), this.clock.now());
    this.queue.commit(notice, this.ledger.chain);
    return notice;
  }

  recorded(): readonly (string | undefined)[] {
    return this.sink.lines.map(noticeIn).filter((id) => id !== undefined);
  }

  /** Turns the clock to the next look, and lets it come to its end. */
  async look(): Promise<void> {
    this.clock.advance(5000);
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}

test("a change is recorded under its id and with its time, and what waits in the store goes", async () => {
  const world = await OutboxWorld.open();
  const outbox = world.outbox();
  const notice = world.change("a");
  outbox.record([notice]);
  assert.equal(await outbox.settled(), undefined);
  const { event } = recordOf(world.sink.lines.at(-1));
  assert.equal(event["eventId"], notice.id);
  assert.equal(event["eventTime"], new Date(NOW).toISOString());
  assert.equal(event["source"], "a");
  await settle();
  assert.equal(world.queue.rows.size, 0);
});

test("while the ledger fails, no change is acknowledged; when it works again, each is recorded once", async () => {
  const world = await OutboxWorld.open();
  const outbox = world.outbox();
  outbox.start();
  await settle();
  world.sink.failure = new Error("no space left on device");
  const notices = [world.change("a"), world.change("b")];
  outbox.record(notices);
  assert.match((await outbox.settled()) ?? "", /no space left on device/);
  assert.match((await outbox.settled()) ?? "", /no space left on device/, "nor is what comes after it");
  await world.look();
  assert.equal(world.queue.rows.size, 2);
  world.sink.failure = undefined;
  await world.look();
  assert.equal(await outbox.settled(), undefined);
  assert.deepEqual(
    world.recorded(),
    notices.map(({ id }) => id),
  );
  assert.equal(world.queue.rows.size, 0);
});

test("a ledger that does not answer is waited for no longer than five seconds", async () => {
  const world = await OutboxWorld.open();
  const outbox = world.outbox();
  world.sink.held = new Promise(() => {});
  outbox.record([world.change("a")]);
  const settled = outbox.settled();
  await settle();
  world.clock.advance(5000);
  assert.equal(await settled, "the ledger did not answer within 5000 ms");
});

test("what a process committed and did not live to record is recorded by the next", async () => {
  const world = await OutboxWorld.open();
  const notices = [world.change("a"), world.change("b")]; // and there it died
  world.outbox().start();
  await settle();
  assert.deepEqual(
    world.recorded(),
    notices.map(({ id }) => id),
  );
  assert.equal(world.queue.rows.size, 0);
});

test("what a process recorded and did not live to say so is not recorded again", async (t) => {
  const world = await OutboxWorld.open();
  const file = ledgerFile(t);
  const first = await openLedger(fileSink(file, { rotateSize: 1 }));
  const notice = noticeOf(loaded("a"), Date.now());
  await first.append(notice.event, notice);
  world.queue.commit(notice, first.chain); // the removal did not get there
  await first.append(loaded("the next file"));
  await first.close();
  const again = await openLedger(fileSink(file));
  world.outbox(again).start();
  await new Promise<void>((done) => {
    const look = () => (world.queue.rows.size === 0 ? done() : setImmediate(look));
    look();
  });
  await again.close();
  assert.equal(linesIn(file).filter((line) => noticeIn(line) === notice.id).length, 0);
});

test("a store that does not take the removal is asked again, and nothing is recorded twice", async () => {
  const world = await OutboxWorld.open();
  const outbox = world.outbox();
  outbox.start();
  await settle();
  const notice = world.change("a");
  world.queue.reachable = false;
  outbox.record([notice]);
  assert.equal(await outbox.settled(), undefined);
  await world.look();
  world.queue.reachable = true;
  assert.equal(world.queue.rows.size, 1);
  await world.look();
  assert.equal(world.queue.rows.size, 0);
  assert.deepEqual(world.recorded(), [notice.id]);
});

test("what another node took up meanwhile is left to it", async () => {
  const world = await OutboxWorld.open();
  const outbox = world.outbox();
  outbox.start();
  await settle();
  world.sink.failure = new Error("no space left on device");
  const notice = world.change("a");
  outbox.record([notice]);
  await outbox.settled();
  await settle();
  const row = world.queue.rows.get(notice.id) ?? assert.fail();
  assert.equal(row.chain, undefined, "it was let go");
  row.chain = "gw2/0000000000000000";
  world.sink.failure = undefined;
  await world.look();
  assert.deepEqual(world.recorded(), []);
  assert.equal(await outbox.settled(), undefined);
});

test("verify shows a change that two nodes have recorded, and does not call it tampering", async () => {
  const world = await OutboxWorld.open();
  const sink = new MemorySink();
  const other = await openLedger(sink, { node: "gw2" });
  const notice = world.change("a");
  for (const ledger of [world.ledger, other]) await ledger.append(notice.event, notice);
  const lines = asLines([...world.sink.lines, ...sink.lines]);
  const { ok, notes } = await verifyLedger(lines, { keys: [], held: [] });
  assert.equal(ok, true);
  assert.equal(notes.length, 1);
  assert.match(
    notes[0] ?? "",
    new RegExp(`gw2/.* #2 is about the same change as gw1/.* #2 \\(${notice.id}\\)`),
  );
});
