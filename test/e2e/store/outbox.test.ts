/** What waits to be recorded, on a real server: there with its change or not at all, and taken up by one node. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { noticeIn, sealEvent, sealText } from "../../../src/audit/ledger/record.ts";
import { StoreSink } from "../../../src/audit/ledger/store-sink.ts";
import { noticeOf } from "../../../src/base/notice.ts";
import { StoredLedger } from "../../../src/store/ledger.ts";
import { StoredOutbox, writeNotices } from "../../../src/store/outbox.ts";
import { putPolicyObject } from "../../../src/store/policy-objects.ts";
import type { Store } from "../../../src/store/store.ts";
import { loaded, openLedger } from "../../support/ledger.ts";
import type { TestPostgres } from "../../support/postgres.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createStoreDatabase, freshStore } from "../../support/store.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
});
after(() => postgres.stop());

const A = "gw1/aaaaaaaaaaaaaaaa";
const B = "gw2/bbbbbbbbbbbbbbbb";
const ROLE = { kind: "ClusterRole", namespace: "", name: "reader" };

/** Notices of changes with these names, as the process of `chain` commits them. */
async function commit(store: Store, chain: string, ...names: readonly string[]) {
  const notices = names.map((name) => noticeOf(loaded(`${name}\u0000\ud800`), Date.now()));
  await store.transaction((tx) => writeNotices(tx, notices, chain));
  return notices;
}

const idsOf = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

test("a change that is rolled back leaves nothing to record, and one that is committed does", async (t) => {
  const { store } = await freshStore(t, postgres);
  const outbox = new StoredOutbox(store);
  const change = (fails: boolean) =>
    store.transaction(async (tx) => {
      await putPolicyObject(tx, ROLE, {});
      await writeNotices(tx, [noticeOf(loaded("a"), Date.now())], A);
      if (fails) throw new Error("and then it failed");
    });
  await assert.rejects(change(true));
  assert.deepEqual(await outbox.claim(A, []), []);
  await change(false);
  assert.equal((await outbox.claim(A, [])).length, 1);
});

test("changes are taken up in their order, by whoever answers for them, and come back as they were", async (t) => {
  const { store } = await freshStore(t, postgres);
  const outbox = new StoredOutbox(store);
  const notices = await commit(store, A, "a", "b", "c");
  assert.deepEqual(await outbox.claim(B, []), [], "their process lives");
  const found = await outbox.claim(A, [notices[1]?.id ?? ""]);
  assert.deepEqual(idsOf(found), [notices[0]?.id, notices[2]?.id], "what is on its way is left out");
  assert.deepEqual(JSON.parse(found[0]?.event ?? ""), notices[0]?.event);
  assert.equal(found[0]?.time, notices[0]?.time);
  await outbox.release(A, idsOf(notices));
  assert.deepEqual(idsOf(await outbox.claim(B, [])), idsOf(notices), "they were let go");
  assert.deepEqual(await outbox.claim(A, []), []);
  await outbox.release(A, idsOf(notices));
  assert.deepEqual(await outbox.claim(A, []), [], "nobody lets go what is another's");
  await outbox.remove(idsOf(notices));
  assert.deepEqual(await outbox.claim(B, []), []);
});

test("changes of a process that was not heard of for a minute are taken up by one other, however many look", async (t) => {
  const { store } = await freshStore(t, postgres);
  const outbox = new StoredOutbox(store);
  const notices = await commit(store, A, "a", "b", "c", "d");
  await store.query("UPDATE outbox SET claimed_at = claimed_at - interval '61 seconds'");
  const taken = await Promise.all(
    ["1", "2", "3"].map((digit) => outbox.claim(`gw${digit}/${digit.repeat(16)}`, [])),
  );
  assert.deepEqual(taken.flatMap(idsOf).sort(), idsOf(notices).sort());
});

test("a ledger in the store has a record and no notice of it any more, or the notice and no record", async (t) => {
  const { store } = await freshStore(t, postgres);
  const table = new StoredLedger(store);
  const sink = new StoreSink({ node: "gw1", table, prepare: async () => {}, close: async () => {} });
  const ledger = await openLedger(sink);
  const [one, other] = await commit(store, ledger.chain, "one", "other");
  assert.ok(one !== undefined && other !== undefined);
  await ledger.append(one.event, one);
  assert.deepEqual(idsOf(await new StoredOutbox(store).claim(ledger.chain, [])), [other.id]);
  await new StoredOutbox(store).remove([other.id]); // as another node does that has recorded it
  await assert.rejects(ledger.append(other.event, other), { code: "audit/unwritable" });
  await ledger.append(loaded("and it goes on"));
  const lines = await Array.fromAsync(table.read({}));
  assert.deepEqual(
    lines.flatMap((line) => noticeIn(line) ?? []),
    [one.id],
  );
  await ledger.close();
});

test("records of changes and others are kept together or not at all", async (t) => {
  const { store } = await freshStore(t, postgres);
  const table = new StoredLedger(store);
  const [one] = await commit(store, A, "one");
  assert.ok(one !== undefined);
  const first = sealEvent({ event: "ledger.begun.v1", after: undefined }, 1, {
    node: A,
    seq: 0,
    hash: "0".repeat(64),
    time: 0,
  });
  const second = { ...sealText("{}", 1, first), notice: one.id };
  await assert.rejects(table.insert([first, second, second]));
  assert.deepEqual(await Array.fromAsync(table.read({})), []);
  assert.deepEqual(idsOf(await new StoredOutbox(store).claim(A, [])), [one.id]);
});
