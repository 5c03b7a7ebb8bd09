/** What Postern's own store does to whoever needs it when its server, or the network to it, fails. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { after, before, suite, test } from "node:test";
import type { Clock } from "../../src/base/clock.ts";
import { systemClock } from "../../src/base/clock.ts";
import type { Change } from "../../src/store/changes.ts";
import { watchChanges } from "../../src/store/changes.ts";
import { migrate } from "../../src/store/migrate.ts";
import { putPolicyObject } from "../../src/store/policy-objects.ts";
import { createStore } from "../../src/store/store.ts";
import { eventually, SOON_MS } from "../support/eventually.ts";
import type { FlakyProxy } from "../support/flaky-proxy.ts";
import { startFlakyProxy } from "../support/flaky-proxy.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres.ts";
import { createStoreDatabase, openStore, storeConfig, storeSettings } from "../support/store.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
  await postgres.query("ALTER ROLE postern_store SET lock_timeout = 0");
});
after(() => postgres.stop());

let schemas = 0;

/** A store behind a network that fails when told to; its tables are there. */
async function flaky(
  t: TestContext,
  settings: Readonly<Record<string, unknown>> = {},
  clock: Clock = systemClock,
) {
  const proxy = await startFlakyProxy(postgres.port);
  t.after(() => proxy.stop());
  const schema = `fault_${schemas++}`;
  const prepared = openStore(t, storeSettings(postgres, { schema }));
  await migrate(prepared.store, { schema, clock: systemClock });
  await prepared.store.query("CREATE TABLE things (id int)");
  const url = `postgres://postern_store@127.0.0.1:${proxy.port}/postern`;
  // In the clear, so that the network can see what it loses.
  const tls = { mode: "disable" };
  const config = storeConfig(t, { ...storeSettings(postgres), schema, url, tls, ...settings });
  const events: string[] = [];
  const store = createStore(config, {
    clock,
    observe: (event) => event.event === "store.state.v1" && events.push(event.state),
  });
  t.after(() => store.close());
  const count = async () => (await prepared.store.query("SELECT count(*) AS n FROM things"))[0]?.["n"];
  return { proxy, store, events, count, direct: prepared.store };
}

const insert = "INSERT INTO things VALUES (1)";
/** Bounds of the tests: long enough for a busy machine to answer, short enough to wait for. */
const SHORT = { connectTimeout: "3s", statementTimeout: "3s" } as const;
/** The same where pauses and deadlines pass so many times as fast. */
const FASTER = 10;
const SHORT_FAST = { connectTimeout: "30s", statementTimeout: "30s" } as const;
const fast: Clock = { now: () => Date.now(), after: (ms, fn) => systemClock.after(ms / FASTER, fn) };

async function bounded(work: Promise<unknown>, code: string): Promise<void> {
  const began = Date.now();
  await assert.rejects(work, { code });
  assert.ok(Date.now() - began < SOON_MS, `it took ${Date.now() - began} ms`);
}

suite("a store that fails", () => {
  test("one that accepts and says nothing holds nobody up for long", async (t) => {
    const { proxy, store, events } = await flaky(t, SHORT);
    proxy.mode = "silent";
    await bounded(store.query("SELECT 1"), "store/unavailable");
    assert.deepEqual(events, ["down"]);
  });

  test("one that falls silent does not keep a gateway from stopping", async (t) => {
    const { proxy, store } = await flaky(t);
    await new Promise<void>((done) => store.listen("postern_changes", () => done()));
    await store.query("SELECT 1");
    proxy.mode = "silent";
    const began = Date.now();
    await store.close();
    assert.ok(Date.now() - began < SOON_MS, `it took ${Date.now() - began} ms`);
  });

  test("one that falls silent in the middle is given up, and used again when it speaks", async (t) => {
    const { proxy, store, events } = await flaky(t, SHORT);
    await store.query("SELECT 1");
    proxy.mode = "silent";
    await bounded(store.query("SELECT 1"), "store/unavailable");
    assert.deepEqual(events, ["up", "down"]);
    proxy.mode = "pass";
    await store.query("SELECT 1");
    assert.deepEqual(events, ["up", "down", "up"]);
  });

  test("a statement that never ends is cancelled by the server, and its connection serves on", async (t) => {
    const { store } = await flaky(t, SHORT);
    const pid = async () => (await store.query("SELECT pg_backend_pid() AS pid"))[0]?.["pid"];
    const before = await pid();
    await bounded(store.query("SELECT pg_sleep(60)"), "store/unavailable");
    assert.equal(await pid(), before);
  });

  test("who waits for a connection that others hold waits no longer than for a new one", async (t) => {
    const { store } = await flaky(t, { ...SHORT, poolSize: 1 });
    let free = () => {};
    const holding = store.transaction(() => new Promise<void>((done) => (free = done)));
    await bounded(store.query("SELECT 1"), "store/unavailable");
    free();
    await holding;
    await store.query("SELECT 1");
  });

  test("one that is a standby now is no store, though it can be read", async (t) => {
    const { store } = await flaky(t);
    await postgres.query("ALTER ROLE postern_store SET default_transaction_read_only = on");
    t.after(() => postgres.query("ALTER ROLE postern_store RESET default_transaction_read_only"));
    await assert.rejects(store.query(insert), { code: "store/unavailable" });
  });

  test("one that goes away in a transaction leaves nothing of it, and the work is not begun again", async (t) => {
    const { proxy, store, count } = await flaky(t);
    let runs = 0;
    const work = store.transaction(async (tx) => {
      runs++;
      await tx.query(insert);
      proxy.cut();
      await tx.query(insert);
    });
    await assert.rejects(work, { code: "store/unavailable" });
    assert.deepEqual([runs, await count()], [1, 0]);
    await store.transaction((tx) => tx.query(insert));
    assert.equal(await count(), 1);
  });
});

suite("a connection that is lost in COMMIT", () => {
  /** Loses the first COMMIT, or the answer to it. */
  function atCommit(proxy: FlakyProxy, fate: "lose" | "lose-answer", then: () => void = () => {}): void {
    proxy.judge = (bytes) => {
      if (!bytes.includes("COMMIT\0")) return "pass";
      proxy.judge = () => "pass";
      then();
      return fate;
    };
  }

  test("before it arrived: the transaction is run again, and is there once", async (t) => {
    const { proxy, store, count } = await flaky(t);
    atCommit(proxy, "lose");
    let runs = 0;
    const value = await store.transaction(async (tx) => {
      await tx.query(insert);
      return ++runs;
    });
    assert.deepEqual([value, await count()], [2, 1]);
  });

  test("after it was done: the caller is told so, and it is not done again", async (t) => {
    const { proxy, store, count } = await flaky(t);
    atCommit(proxy, "lose-answer");
    let runs = 0;
    const value = await store.transaction(async (tx) => {
      await tx.query(insert);
      return ++runs;
    });
    assert.deepEqual([value, await count()], [1, 1]);
  });

  test("and nobody can be asked: the caller is told that it is not known", async (t) => {
    const { proxy, store, count } = await flaky(t, SHORT_FAST, fast);
    atCommit(proxy, "lose-answer", () => {
      proxy.mode = "away";
    });
    let runs = 0;
    const work = store.transaction(async (tx) => {
      runs++;
      await tx.query(insert);
    });
    await assert.rejects(work, { code: "store/outcome-unknown" });
    assert.equal(runs, 1);
    await eventually("what was sent has arrived", async () => (await count()) === 1);
  });

  test("and the server's history is another since: the caller is told that it is not known", async (t) => {
    const { store, proxy } = await flaky(t);
    let lost = false;
    proxy.judge = (bytes) => {
      // A server that was promoted counts on another timeline than the one that the transaction began on.
      const timeline = bytes.indexOf("00000001");
      if (lost && timeline >= 0) bytes.write("00000002", timeline, "latin1");
      if (lost || !bytes.includes("COMMIT\0")) return "pass";
      lost = true;
      return "lose-answer";
    };
    await assert.rejects(
      store.transaction((tx) => tx.query(insert)),
      { code: "store/outcome-unknown" },
    );
  });
});

suite("notifications", () => {
  const key = { kind: "Role", namespace: "", name: "readers" };

  test("a node whose listening connection is lost looks for what it missed, and hears again", async (t) => {
    const { proxy, store, direct } = await flaky(t);
    const heard: Change[] = [];
    const watching = watchChanges(store, systemClock, (change) => heard.push(change));
    t.after(() => watching.stop());
    await new Promise<void>((done) =>
      store.listen("postern_changes", (payload) => payload === undefined && done()),
    );
    proxy.mode = "away";
    proxy.cut();
    await putPolicyObject(direct, key, {});
    assert.deepEqual(heard, []);
    proxy.mode = "pass";
    await eventually("the change was found", () => heard.length > 0);
    assert.deepEqual(heard[0], { kind: "policy", id: undefined });
    await eventually("it hears by name again", async () => {
      await putPolicyObject(direct, { ...key, name: "writers" }, { at: Date.now() });
      return heard.some(({ id }) => id === "Role//writers");
    });
  });

  test("a node whose listening connection fell silent finds that out by itself", async (t) => {
    const { proxy, store, direct, events } = await flaky(t, SHORT_FAST, fast);
    const payloads: (string | undefined)[] = [];
    store.listen("postern_changes", (payload) => payloads.push(payload));
    await eventually("it listens", () => payloads.length > 0);
    proxy.mode = "silent";
    await eventually("it knows", () => events.at(-1) === "down");
    await putPolicyObject(direct, key, {});
    proxy.mode = "pass";
    await eventually(
      "it is told to look again",
      () => payloads.filter((one) => one === undefined).length > 1,
    );
  });
});
