/** Two gateway processes share a store: a right that is taken away on one ends the sessions on the other. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { BoardSession } from "../../src/sessions/board.ts";
import { StoredSessions } from "../../src/store/sessions.ts";
import type { Store } from "../../src/store/store.ts";
import { createStore } from "../../src/store/store.ts";
import type { AccessWorld } from "../support/access-world.ts";
import { bind, group, may, role, startAccessWorld, user } from "../support/access-world.ts";
import { eventually, SOON_MS } from "../support/eventually.ts";
import type { Gateway } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";
import { RawClient } from "../support/raw-client.ts";
import { storeConfigOf } from "../support/store.ts";
import { reportFields, typed } from "../support/wire-bytes.ts";

/** `here` is the node that changes are made on. */
let here: AccessWorld;
let there: Gateway;
let store: Store;
before(async () => {
  here = await startAccessWorld();
  there = await startGateway(here.config);
  store = createStore(storeConfigOf(here.config), { clock: systemClock, observe: () => {} });
  await here.put(role("connect", may("connect", "databases", "main/*")));
  await here.put(bind("everybody", "connect", group("system:authenticated")));
  await here.put(role("ada", may("assume", "databaseroles", "ada")));
});
after(async () => {
  await store?.close();
  await there?.stop();
  await here?.stop();
});

let people = 0;

interface Person {
  readonly client: RawClient;
  readonly sub: string;
  /** The binding that lets them in. */
  readonly binding: string;
}

/** Somebody new, who may be `ada`, with a session on the other node. */
async function somebody(port = there.port): Promise<Person> {
  const sub = `person-${people++}`;
  await here.put(bind(sub, "ada", user(sub)));
  const client = await eventually("the other node knows the binding", () => logIn(sub, port));
  return { client, sub, binding: `/namespaces/shop/rolebindings/${sub}` };
}

async function logIn(sub: string, port: number): Promise<RawClient | undefined> {
  const client = await RawClient.tls({ port, ca: here.ca });
  return client.logIn("ada", here.token(sub)).then(
    () => client,
    () => undefined,
  );
}

async function revoke({ binding }: Person): Promise<number> {
  const { status } = await here.administrator("DELETE", binding);
  assert.ok(status === 200 || status === 204, `DELETE was answered ${status}`);
  return Date.now();
}

/** The client is told why and is cut, and its server process is gone. */
async function ends({ client }: Person, since: number, told = true): Promise<void> {
  for (let said = !told; !said; ) {
    const { type, body } = await client.message();
    const fields = type === "E" ? reportFields(body) : {};
    if (fields["V"] !== "FATAL") continue;
    assert.equal(fields["C"], "57P01");
    assert.match(fields["M"] ?? "", /^the session ended because its right was taken away \([0-9a-f]{12}\)$/);
    said = true;
  }
  await client.gone();
  const late = Date.now() - since;
  assert.ok(late < SOON_MS, `closed ${late} ms after the right was gone`);
  await eventually("the server process is gone", async () => {
    const rows = await here.postgres.query("SELECT 1 FROM pg_stat_activity WHERE usename = 'ada'");
    return rows.length === 0;
  });
}

const query = (sql: string) => typed("Q", Buffer.from(`${sql}\0`));

/** What a session is at when its right goes; `false`: it cannot be told. */
const STATES: Readonly<Record<string, readonly [(client: RawClient) => Promise<unknown>, told?: false]>> = {
  idle: [async () => {}],
  "in a transaction": [(client) => client.query("BEGIN; INSERT INTO items VALUES (1000, 'never')")],
  "in a query": [async (client) => client.send(query("SELECT pg_sleep(60)"))],
  "in COPY, sending rows": [
    async (client) => {
      client.send(query("COPY items FROM STDIN"));
      await client.messagesUntil("G");
      client.send(typed("d", Buffer.from("1000\tnever\n")));
    },
  ],
  "in COPY, reading rows": [
    async (client) =>
      client.send(query("COPY (SELECT pg_sleep(0.05), n FROM generate_series(1, 100000) AS n) TO STDOUT")),
    false,
  ],
  "in code that catches its cancellation": [
    async (client) =>
      client.send(
        query(
          "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$",
        ),
      ),
  ],
};

suite("attack 17: a right that is taken away on another node", () => {
  for (const [state, [bring, told]] of Object.entries(STATES))
    test(`ends a session that is ${state}`, async () => {
      const person = await somebody();
      await bring(person.client);
      await ends(person, await revoke(person), told);
      const left = await here.postgres.query("SELECT 1 FROM items WHERE name = 'never'");
      assert.deepEqual(left, []);
      assert.equal(await logIn(person.sub, there.port), undefined, "and nobody gets in by it again");
    });

  test("ends a session that waits for a lock", async () => {
    const person = await somebody();
    const blocker = await somebody(here.gateway.port);
    await blocker.client.query("BEGIN; LOCK TABLE items");
    person.client.send(query("UPDATE items SET name = 'never' WHERE id = 1"));
    await eventually("it waits", async () => {
      const rows = await here.postgres.query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
      return rows.length > 0;
    });
    const since = await revoke(person);
    await person.client.gone();
    assert.ok(Date.now() - since < SOON_MS);
    await blocker.client.query("COMMIT");
    await ends(blocker, await revoke(blocker));
  });

  test("ends the sessions of both nodes, and no others", async () => {
    const [one, other] = [await somebody(here.gateway.port), await somebody()];
    const second = (await logIn(one.sub, there.port)) ?? assert.fail("they may");
    const since = await revoke(one);
    await Promise.all([one.client.gone(), second.gone()]);
    assert.ok(Date.now() - since < SOON_MS);
    const [row] = await other.client.query("SELECT 1");
    assert.equal(row?.type, "T");
    await ends(other, await revoke(other));
  });
});

suite("sessions of two nodes", () => {
  const board = () => new StoredSessions(store);
  const of = (sub: string) => async (): Promise<BoardSession | undefined> =>
    (await board().list()).find(({ subject }) => subject.endsWith(`:${sub}`));

  test("are listed with their server process, and ended by their id from elsewhere", async () => {
    const person = await somebody();
    const listed = await eventually("it is on the board with its server process", async () => {
      const found = await of(person.sub)();
      return found?.backendPid === undefined ? undefined : found;
    });
    const [activity] = await here.postgres.query("SELECT pid FROM pg_stat_activity WHERE usename = 'ada'");
    assert.deepEqual(
      [listed.backendPid, listed.cluster, listed.role, listed.door],
      [activity?.["pid"], "main", "ada", "postgres"],
    );
    const since = Date.now();
    assert.equal(await board().requestEnd(listed.id, "a test"), true);
    await ends(person, since);
    await eventually("it is off the board", async () => (await of(person.sub)()) === undefined);
    assert.equal(await board().requestEnd(listed.id, "a test"), false);
  });

  test("go on while the store is away, and end by its news when it is back", async () => {
    const person = await somebody();
    await eventually("it is on the board", of(person.sub));
    await here.postgres.query("ALTER ROLE postern_store NOLOGIN");
    await here.postgres.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postern_store'",
    );
    await there.logged((line) => line.event === "store.state.v1" && line["state"] === "down");
    const [row] = await person.client.query("SELECT 1");
    assert.equal(row?.type, "T", "an outage ends nothing");
    // As another node with a store that it can reach would: what happens meanwhile is found afterwards.
    await here.postgres.query(
      `SET search_path = postern; DELETE FROM policy_objects WHERE kind = 'RoleBinding' AND name = '${person.sub}'`,
      "postern",
    );
    await here.postgres.query("ALTER ROLE postern_store LOGIN");
    await ends(person, Date.now());
  });
});
