import assert from "node:assert/strict";
import { test } from "node:test";
import type { SealedRecord } from "../../../../src/audit/ledger/record.ts";
import { emptyChain, sealEvent } from "../../../../src/audit/ledger/record.ts";
import type { SenderParts } from "../../../../src/audit/ledger/sender.ts";
import { Sender } from "../../../../src/audit/ledger/sender.ts";
import { syslogMessage } from "../../../../src/audit/ledger/syslog.ts";
import type { Event } from "../../../../src/base/event.ts";
import { VirtualClock } from "../../../support/clock.ts";

function chain(count: number, checkpointEvery = 0): SealedRecord[] {
  const records: SealedRecord[] = [];
  for (let n = 1; n <= count; n++) {
    const tail = records.at(-1) ?? emptyChain("gw1/0123456789abcdef");
    const time = Date.UTC(2026, 0, 1);
    const { node, seq, hash } = tail;
    const checkpoint = { node, seq, hash, time: "", key: "", signature: "" };
    records.push(
      n % checkpointEvery === 0
        ? sealEvent({ event: "ledger.checkpoint.v1", ...checkpoint }, time, tail)
        : sealEvent({ event: "config.loaded.v1", source: String(n) }, time, tail),
    );
  }
  return records;
}

/** A sender to a receiver that is away or there. */
function sender(more: Partial<SenderParts> = {}) {
  const clock = new VirtualClock();
  const seen: Event[] = [];
  const batches: number[][] = [];
  const receiver = { away: false, tries: 0 };
  const send = async (records: readonly SealedRecord[]) => {
    receiver.tries += 1;
    if (receiver.away) throw new Error("connection refused");
    batches.push(records.map(({ seq }) => seq));
  };
  const parts = {
    name: "webhook",
    only: "all",
    batch: 3,
    send,
    clock,
    observe: (event: Event) => seen.push(event),
  };
  return { sender: new Sender({ ...parts, only: "all", ...more }), clock, seen, batches, receiver };
}

const turn = () => new Promise(setImmediate);

test("records are sent in their order, so many at once, one batch after the other", async () => {
  const { sender: one, batches } = sender();
  one.forward(chain(7));
  await turn();
  assert.deepEqual(batches, [[1, 2, 3], [4, 5, 6], [7]]);
});

test("a receiver that is away gets everything when it is back, and is asked more and more seldom", async () => {
  const { sender: one, batches, receiver, clock, seen } = sender();
  receiver.away = true;
  one.forward(chain(2));
  await turn();
  for (const ms of [500, 1000, 2000]) {
    const { tries } = receiver;
    clock.advance(ms - 1);
    await turn();
    assert.equal(receiver.tries, tries);
    clock.advance(1);
    await turn();
    assert.equal(receiver.tries, tries + 1);
  }
  receiver.away = false;
  clock.advance(60_000);
  await turn();
  assert.deepEqual(batches, [[1, 2]]);
  assert.deepEqual(
    seen.map(({ event }) => event),
    ["audit.failed.v1", "audit.recovered.v1"],
  );
});

test("of what waits for too long the oldest is left out, checkpoints last, and the number is told", async () => {
  const { sender: one, batches, receiver, clock, seen } = sender({ batch: 20_000 });
  receiver.away = true;
  one.forward(chain(10_050, 100));
  await turn();
  receiver.away = false;
  clock.advance(60_000);
  await turn();
  const [sent = []] = batches;
  assert.equal(sent.length, 10_000);
  assert.ok(!sent.includes(1) && sent.includes(10_050));
  assert.equal(sent.filter((seq) => seq % 100 === 0).length, 100);
  assert.equal(sent.filter((seq) => seq < 100).length, 49);
  const last = seen.at(-1);
  assert.equal(last?.event === "audit.recovered.v1" && last.lost, 50);
});

test("where only checkpoints are wanted, nothing else is sent", async () => {
  const { sender: one, batches } = sender({ only: "checkpoints" });
  one.forward(chain(10, 5));
  await turn();
  assert.deepEqual(batches, [[5, 10]]);
});

test("the end waits for the last of it, but not for ever", async () => {
  const sent = sender();
  sent.sender.forward(chain(4));
  await sent.sender.close();
  assert.deepEqual(sent.batches.flat(), [1, 2, 3, 4]);
  const stuck = sender({ send: () => new Promise(() => {}) });
  stuck.sender.forward(chain(4));
  const closed = stuck.sender.close();
  stuck.clock.advance(5000);
  await closed;
  const [told] = stuck.seen;
  assert.equal(told?.event === "audit.failed.v1" && told.detail, "4 records were not sent");
});

test("a syslog message is as RFC 5424 has it, with the record as its text", () => {
  const [record = assert.fail()] = chain(1);
  const head = `<109>1 2026-01-01T00:00:00.000Z gw1 postern ${process.pid} config.loaded.v1 - `;
  assert.equal(syslogMessage(record, 13), `${head}${record.line}`);
});
