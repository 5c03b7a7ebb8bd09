/** Messages to webhooks, on a real server: each is taken by one node, in the order of its request, and not lost with it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { noticeOf } from "../../../src/base/notice.ts";
import { StoredDeliveries, writeDeliveries } from "../../../src/store/deliveries.ts";
import type { Store } from "../../../src/store/store.ts";
import { loaded } from "../../support/ledger.ts";
import type { TestPostgres } from "../../support/postgres.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createStoreDatabase, freshStore } from "../../support/store.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
});
after(() => postgres.stop());

const CHAT = { hook: "c".repeat(32), origin: "https://chat.test", events: ["config.loaded.v1"] };
const OTHER = { hook: "d".repeat(32), origin: "https://other.test", events: ["grant.started.v1"] };
const DAY = 86_400_000;
const BOUNDS = { age: DAY, waiting: 100 };

/** Messages about these requests; the text names the request and the number among them. */
async function write(store: Store, ...abouts: readonly string[]): Promise<void> {
  const notices = abouts.map((about, at) => noticeOf(loaded(about), 0, { about, body: `${about}${at}` }));
  await store.transaction((tx) => writeDeliveries(tx, notices, [CHAT, OTHER]));
}

test("a message is written for those who want it, taken by one of many nodes, and gone when it was delivered", async (t) => {
  const { store } = await freshStore(t, postgres);
  const queue = new StoredDeliveries(store);
  await write(store, "a");
  assert.equal(await queue.take(OTHER.hook, 60_000), undefined);
  const taken = await Promise.all(Array.from({ length: 8 }, () => queue.take(CHAT.hook, 60_000)));
  const [delivery = assert.fail(), ...others] = taken.filter((one) => one !== undefined);
  assert.equal(others.length, 0);
  assert.deepEqual([delivery.body, delivery.type, delivery.attempts], ["a0", "config.loaded.v1", 1]);
  assert.equal(await queue.remove(CHAT.hook, delivery.id), true);
  assert.equal(await queue.remove(CHAT.hook, delivery.id), false);
});

test("messages about one request come one after the other, those about others meanwhile", async (t) => {
  const { store } = await freshStore(t, postgres);
  const queue = new StoredDeliveries(store);
  await write(store, "a", "a", "b");
  const first = (await queue.take(CHAT.hook, 60_000)) ?? assert.fail();
  assert.equal(first.body, "a0");
  assert.equal((await queue.take(CHAT.hook, 60_000))?.body, "b2");
  assert.equal(await queue.take(CHAT.hook, 60_000), undefined);
  await queue.retry(CHAT.hook, first.id, DAY);
  assert.equal(
    await queue.take(CHAT.hook, 60_000),
    undefined,
    "the second waits for the first, however long",
  );
  await queue.retry(CHAT.hook, first.id, 0);
  assert.deepEqual((await queue.take(CHAT.hook, 60_000))?.attempts, 2);
  await queue.remove(CHAT.hook, first.id);
  assert.equal((await queue.take(CHAT.hook, 60_000))?.body, "a1");
});

test("a message of a node that died is due again, under its id, when its time is over", async (t) => {
  const { store } = await freshStore(t, postgres);
  const queue = new StoredDeliveries(store);
  await write(store, "a");
  const before = (await queue.take(CHAT.hook, 0)) ?? assert.fail();
  const again = (await queue.take(CHAT.hook, 60_000)) ?? assert.fail();
  assert.deepEqual([again.id, again.attempts], [before.id, 2]);
});

test("what waits for a day, or too many others, is given up", async (t) => {
  const { store } = await freshStore(t, postgres);
  const queue = new StoredDeliveries(store);
  await write(store, "a", "b", "c", "d");
  assert.deepEqual(await queue.expire(BOUNDS), []);
  assert.equal((await queue.expire({ ...BOUNDS, waiting: 3 })).length, 1);
  assert.equal((await queue.take(CHAT.hook, 0))?.body, "b1", "the oldest went");
  await store.query("UPDATE deliveries SET made_at = made_at - interval '25 hours' WHERE about = 'c'");
  assert.deepEqual(
    (await queue.expire(BOUNDS)).map(({ receiver, type, attempts }) => [receiver, type, attempts]),
    [["https://chat.test", "config.loaded.v1", 0]],
  );
});
