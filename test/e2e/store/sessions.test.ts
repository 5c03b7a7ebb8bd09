/** The sessions of several nodes on one board, on a real server. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { after, before, suite, test } from "node:test";
import type { EndReason } from "../../../src/base/event.ts";
import type { SubjectId } from "../../../src/base/ids.ts";
import type { BoardSession } from "../../../src/sessions/board.ts";
import { Sessions } from "../../../src/sessions/registry.ts";
import { SharedSessions } from "../../../src/sessions/shared.ts";
import { watchChanges } from "../../../src/store/changes.ts";
import { StoredSessions } from "../../../src/store/sessions.ts";
import type { Store } from "../../../src/store/store.ts";
import { VirtualClock } from "../../support/clock.ts";
import { eventually } from "../../support/eventually.ts";
import type { TestPostgres } from "../../support/postgres.ts";
import { startPostgres } from "../../support/postgres.ts";
import { sessionFacts } from "../../support/session-facts.ts";
import { createStoreDatabase, freshStore } from "../../support/store.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
});
after(() => postgres.stop());

/** A node whose clock is turned by hand; it enters its sessions when the test says so. */
function nodeOn(t: TestContext, store: Store, name: string) {
  const clock = new VirtualClock(Date.UTC(2026, 5, 1));
  const sessions = new Sessions(clock);
  const board = new StoredSessions(store);
  const shared = new SharedSessions({ sessions, board, node: { id: `${name}/1`, name }, clock });
  const watching = watchChanges(store, clock, ({ kind }) => kind === "session" && shared.hear());
  shared.start();
  t.after(() => watching.stop());
  const ended: EndReason[] = [];
  const open = (more: Parameters<typeof sessionFacts>[0] = {}) => {
    const session = sessions.open(sessionFacts(more));
    session.attach((reason) => {
      ended.push(reason);
      session.close();
    });
    return session;
  };
  return { shared, sessions, board, clock, open, ended };
}

const ids = (listed: readonly BoardSession[]) => listed.map(({ id }) => id).sort();

suite("sessions of several nodes", () => {
  test("every node sees the sessions of all, with whom, where and until when", async (t) => {
    const { store } = await freshStore(t, postgres);
    const [a, b] = [nodeOn(t, store, "a"), nodeOn(t, store, "b")];
    const until = { at: a.clock.now() + 60_000, reason: "expired" } as const;
    const here = a.open({ until });
    here.servedBy(4711);
    const there = b.open({ subject: "odd:\0\ud800" as SubjectId });
    await Promise.all([a.shared.flush(), b.shared.flush()]);
    await Promise.all([a.shared.flush(), b.shared.flush()]);
    const listed = await b.shared.list();
    assert.deepEqual(ids(listed), [here.facts.id, there.facts.id].sort());
    assert.deepEqual(
      listed.find(({ id }) => id === here.facts.id),
      {
        id: here.facts.id,
        node: "a",
        door: "postgres",
        subject: "issuer:ada",
        username: "ada",
        cluster: "main",
        database: "shop",
        role: "analyst",
        rule: "token:$.sub",
        address: "127.0.0.1",
        backendPid: 4711,
        startedAt: a.clock.now(),
        until: until.at,
      },
    );
    here.close();
    await a.shared.flush();
    assert.deepEqual(ids(await b.shared.list()), [there.facts.id]);
  });

  test("a session that is over before it was entered never is", async (t) => {
    const { store } = await freshStore(t, postgres);
    const a = nodeOn(t, store, "a");
    await a.shared.flush();
    a.open().close();
    await a.shared.flush();
    assert.deepEqual(await a.shared.list(), []);
  });

  test("a session is ended from another node, by a notification alone", async (t) => {
    const { store } = await freshStore(t, postgres);
    const [a, b] = [nodeOn(t, store, "a"), nodeOn(t, store, "b")];
    const [kept, cut] = [a.open(), a.open()];
    await a.shared.flush();
    assert.equal(await b.shared.end(cut.facts.id, "issuer:root"), true);
    await eventually("the session was ended", () => {
      a.clock.advance(0); // who began to listen only after it was sent looks at once, without any time going by
      return a.ended.length > 0;
    });
    assert.deepEqual(a.ended, ["revoked"]);
    assert.deepEqual(a.sessions.list(), [kept]);
    assert.equal(await b.shared.end("000000000000", "issuer:root"), false);
  });

  test("a notification that was missed is made up for at the next sign of life", async (t) => {
    const { store } = await freshStore(t, postgres);
    const a = nodeOn(t, store, "a");
    const session = a.open();
    await a.shared.flush();
    // As if nobody had listened: the row alone says it.
    await store.query("ALTER TABLE sessions DISABLE TRIGGER sessions_end");
    assert.equal(await a.board.requestEnd(session.facts.id, "issuer:root"), true);
    await a.shared.flush();
    assert.deepEqual(a.ended, ["revoked"]);
  });

  test("the sessions of a node that gives no sign of life are not shown, and are again when it is back", async (t) => {
    const { store } = await freshStore(t, postgres);
    const [a, b] = [nodeOn(t, store, "a"), nodeOn(t, store, "b")];
    const session = a.open();
    await Promise.all([a.shared.flush(), b.shared.flush()]);
    await store.query("UPDATE nodes SET beat_at = now() - interval '1 minute' WHERE name = 'a'");
    assert.deepEqual(await b.shared.list(), []);
    assert.equal(await b.shared.end(session.facts.id, "issuer:root"), false, "nobody is there to do it");
    await a.shared.flush();
    assert.deepEqual(ids(await b.shared.list()), [session.facts.id]);
    await store.query("UPDATE nodes SET beat_at = now() - interval '1 hour' WHERE name = 'a'");
    await b.shared.flush();
    const forgotten = await store.query("SELECT id FROM sessions");
    assert.deepEqual(forgotten, [], "in the end nothing is left of it");
    await a.shared.flush();
    assert.deepEqual(ids(await b.shared.list()), [session.facts.id], "it enters everything anew");
  });

  test("a node that stops takes its sessions off", async (t) => {
    const { store } = await freshStore(t, postgres);
    const [a, b] = [nodeOn(t, store, "a"), nodeOn(t, store, "b")];
    a.open();
    await a.shared.flush();
    await a.shared.close();
    assert.deepEqual(await b.shared.list(), []);
  });

  test("an outage of the store ends no session, and afterwards the board is true again", async (t) => {
    const { store } = await freshStore(t, postgres);
    const a = nodeOn(t, store, "a");
    const early = a.open();
    await a.shared.flush();
    await store.query("ALTER TABLE sessions RENAME TO away");
    const during = a.open();
    early.close();
    await a.shared.flush();
    await store.query("ALTER TABLE away RENAME TO sessions");
    assert.deepEqual(a.ended, []);
    await a.shared.flush();
    assert.deepEqual(ids(await a.shared.list()), [during.facts.id]);
  });

  test("thousands of sessions are entered in batches", async (t) => {
    const { store } = await freshStore(t, postgres);
    const a = nodeOn(t, store, "a");
    const opened = Array.from({ length: 1203 }, () => a.open());
    await a.shared.flush();
    assert.equal((await a.shared.list()).length, opened.length);
    for (const session of opened) session.close();
    await a.shared.flush();
    assert.deepEqual(await a.shared.list(), []);
  });
});
