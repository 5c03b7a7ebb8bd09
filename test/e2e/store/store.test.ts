/** Postern's own state on a real server: statements, transactions, migrations, notifications, queries. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import type { Change } from "../../../src/store/changes.ts";
import { watchChanges } from "../../../src/store/changes.ts";
import { checkSchema, migrate } from "../../../src/store/migrate.ts";
import { MIGRATIONS } from "../../../src/store/migrations/all.ts";
import {
  deletePolicyObject,
  putPolicyObject,
  StoredPolicyObjects,
} from "../../../src/store/policy-objects.ts";
import { rememberUser } from "../../../src/store/users.ts";
import { eventually } from "../../support/eventually.ts";
import type { TestPostgres } from "../../support/postgres.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createStoreDatabase, freshStore, openStore, storeSettings } from "../../support/store.ts";

let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
});
after(() => postgres.stop());

suite("login", () => {
  test("the store's session has a fixed search path, time-outs, and a name that tells nothing", async (t) => {
    const { store } = openStore(t, storeSettings(postgres, { statementTimeout: "3s" }));
    await postgres.query("ALTER ROLE postern_store SET search_path = public, pg_catalog");
    const [row] = await store.query(
      `SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS statement,
        current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('application_name') AS name,
        (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls`,
    );
    const expected = {
      path: "postern,pg_temp",
      statement: "3s",
      idle: "10s",
      name: "postern",
      tls: true,
    };
    assert.deepEqual({ ...row }, expected);
  });

  test("a server whose certificate is for another name is not talked to", async (t) => {
    const other = await startPostgres({ tls: ["other.example.com"] });
    t.after(() => other.stop());
    const { store, events } = openStore(t, storeSettings(other));
    await assert.rejects(store.query("SELECT 1"), { code: "store/unavailable", message: /does not match/ });
    assert.deepEqual(
      events.map((event) => event.event === "store.state.v1" && event.state),
      ["down"],
    );
  });

  test("a server whose certificate comes from nobody known is not talked to", async (t) => {
    const { store } = openStore(t, { ...storeSettings(postgres), tls: {} });
    await assert.rejects(store.query("SELECT 1"), { code: "store/unavailable", message: /certificate/ });
  });

  test("a wrong password is told as a refusal, without the password", async (t) => {
    const { store } = openStore(t, storeSettings(postgres, { password: "hunter2-hunter2" }));
    await assert.rejects(store.query("SELECT 1"), (error: Error & { code: string }) => {
      assert.equal(error.code, "store/refused");
      assert.match(error.message, /password authentication failed/);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });

  test("a password is not given in the clear to a server that nothing verifies, and is to one that proved itself", async (t) => {
    const clear = await startPostgres({ hba: ["host all all 127.0.0.1/32 password"] });
    t.after(() => clear.stop());
    await createStoreDatabase(clear);
    // A name, behind which another machine could be.
    const url = `postgres://postern_store@localhost:${clear.port}/postern`;
    const unverified = openStore(t, { ...storeSettings(clear), url, tls: { mode: "require" } });
    await assert.rejects(unverified.store.query("SELECT 1"), {
      code: "store/refused",
      message: /in the clear/,
    });
    const verified = openStore(t, {
      ...storeSettings(clear),
      url,
      tls: { caFile: clear.caFile },
    });
    assert.equal((await verified.store.query("SELECT 1 AS one"))[0]?.["one"], 1);
  });

  test("a missing password is not looked for in the environment", async (t) => {
    process.env["PGPASSWORD"] = "the store's own password";
    t.after(() => delete process.env["PGPASSWORD"]);
    const { password: _, ...settings } = storeSettings(postgres);
    const { store } = openStore(t, settings);
    await assert.rejects(store.query("SELECT 1"), { code: "store/refused", message: /store\.password/ });
  });
});

suite("statements", () => {
  test("times are milliseconds, bigints are numbers, and what is too long for either is an error", async (t) => {
    const { store } = await freshStore(t, postgres);
    const [row] = await store.query(
      "SELECT 12::bigint AS count, timestamptz '2026-01-02 03:04:05.678+02' AS at, '{a,b}'::text[] AS list, '{\"x\": [1]}'::jsonb AS object",
    );
    assert.deepEqual(
      { ...row },
      { count: 12, at: Date.UTC(2026, 0, 2, 1, 4, 5, 678), list: ["a", "b"], object: { x: [1] } },
    );
    await assert.rejects(store.query("SELECT 9007199254740993"), { code: "store/unavailable" });
  });

  test("what PostgreSQL says becomes a code, and no value gets into the message", async (t) => {
    const { store } = await freshStore(t, postgres);
    await store.query("CREATE TABLE things (id int CONSTRAINT things_key PRIMARY KEY)");
    await store.query("INSERT INTO things VALUES (1)");
    const cases = [
      ["INSERT INTO things VALUES (1)", "store/constraint"],
      ["SELECT 'secret-value'::int", "store/refused"],
      ["SELECT * FROM nowhere", "store/refused"],
      ["SET statement_timeout = 20; SELECT pg_sleep(5)", "store/unavailable"],
    ] as const;
    for (const [sql, code] of cases)
      await assert.rejects(store.query(sql), (error: Error & { code: string }) => {
        assert.equal(error.code, code, sql);
        assert.doesNotMatch(error.message, /secret-value/);
        return true;
      });
    await assert.rejects(store.query("INSERT INTO things VALUES (1)"), { constraint: "things_key" });
  });

  test("a statement that is too large never leaves", async (t) => {
    const { store } = await freshStore(t, postgres);
    const large = "x".repeat(5 * 1024 * 1024);
    await assert.rejects(store.query("SELECT length($1)", [large]), { code: "store/too-large" });
  });
});

suite("transactions", () => {
  test("all of a transaction is there, or nothing", async (t) => {
    const { store } = await freshStore(t, postgres);
    await store.query("CREATE TABLE things (id int)");
    await store.transaction(async (tx) => {
      await tx.query("INSERT INTO things VALUES (1)");
      await tx.query("INSERT INTO things VALUES (2)");
    });
    const failing = store.transaction(async (tx) => {
      await tx.query("INSERT INTO things VALUES (3)");
      throw new RangeError("a reason of the caller's");
    });
    await assert.rejects(failing, RangeError);
    const rows = await store.query("SELECT id FROM things ORDER BY id");
    assert.deepEqual(
      rows.map((row) => row["id"]),
      [1, 2],
    );
  });

  test("transactions that meet are run again until each counted", async (t) => {
    const { store } = await freshStore(t, postgres);
    await store.query("CREATE TABLE counter (value int)");
    await store.query("INSERT INTO counter VALUES (0)");
    let runs = 0;
    const increment = () =>
      store.transaction(async (tx) => {
        runs++;
        const [row] = await tx.query("SELECT value FROM counter");
        await tx.query("UPDATE counter SET value = $1", [Number(row?.["value"]) + 1]);
      });
    await Promise.all([increment(), increment(), increment(), increment()]);
    const [row] = await store.query("SELECT value FROM counter");
    assert.equal(row?.["value"], 4);
    assert.ok(runs >= 4);
  });

  test("a transaction that goes on after an error of its own is not taken for committed", async (t) => {
    const { store } = await freshStore(t, postgres);
    const careless = store.transaction(async (tx) => {
      await tx.query("SELECT 1/0").catch(() => {});
    });
    await assert.rejects(careless, TypeError);
  });
});

suite("migrations", () => {
  test("two nodes that migrate at once apply each step once", async (t) => {
    const settings = storeSettings(postgres, { schema: "two_at_once" });
    const stores = [openStore(t, settings).store, openStore(t, settings).store];
    const options = { schema: "two_at_once", clock: systemClock };
    const done = await Promise.all(stores.map((store) => migrate(store, options)));
    const counts = done.map(({ applied }) => applied.length).sort((a, b) => a - b);
    assert.deepEqual(counts, [0, MIGRATIONS.length]);
    for (const store of stores) await checkSchema(store, "two_at_once");
  });

  test("a dry run says what is missing and changes nothing", async (t) => {
    const { store } = openStore(t, storeSettings(postgres, { schema: "dry" }));
    const { applied } = await migrate(store, { schema: "dry", clock: systemClock, dryRun: true });
    assert.equal(applied.length, MIGRATIONS.length);
    assert.deepEqual(
      await postgres.query("SELECT nspname FROM pg_namespace WHERE nspname = 'dry'", "postern"),
      [],
    );
    await assert.rejects(checkSchema(store, "dry"), { code: "store/schema", message: /run postern migrate/ });
  });

  test("a schema that is newer than the program is refused and left alone", async (t) => {
    const { store, config } = await freshStore(t, postgres);
    await store.query("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'later', 'x')");
    const options = { schema: config.schema, clock: systemClock };
    await assert.rejects(migrate(store, options), { code: "store/schema", message: /older than the schema/ });
    await assert.rejects(checkSchema(store, config.schema), { code: "store/schema" });
  });

  test("a step whose text changed after it was applied is refused", async (t) => {
    const { store, config } = await freshStore(t, postgres);
    await store.query("UPDATE schema_migrations SET checksum = 'x' WHERE version = 2");
    const options = { schema: config.schema, clock: systemClock };
    await assert.rejects(migrate(store, options), {
      code: "store/schema",
      message: /migration 2 .* is not what was applied/,
    });
  });

  test("a step that fails leaves nothing of itself or of those before it", async (t) => {
    const { store } = openStore(t, storeSettings(postgres, { schema: "halfway" }));
    const broken = [...MIGRATIONS, { version: 99, name: "broken", sql: "CREATE TABLE good (); SELECT 1/0;" }];
    const options = { schema: "halfway", clock: systemClock, migrations: broken };
    await assert.rejects(migrate(store, options), { code: "store/refused" });
    assert.deepEqual(
      await postgres.query("SELECT nspname FROM pg_namespace WHERE nspname = 'halfway'", "postern"),
      [],
    );
  });

  test("a schema that its administrator made is enough: no right to create one is needed", async (t) => {
    await postgres.query("CREATE ROLE modest LOGIN PASSWORD 'modest-password'");
    await postgres.query("CREATE SCHEMA made AUTHORIZATION modest", "postern");
    const url = `postgres://modest@127.0.0.1:${postgres.port}/postern`;
    const { store } = openStore(
      t,
      storeSettings(postgres, { url, password: "modest-password", schema: "made" }),
    );
    const { applied } = await migrate(store, { schema: "made", clock: systemClock });
    assert.equal(applied.length, MIGRATIONS.length);
  });
});

suite("policy objects", () => {
  const key = { kind: "Role", namespace: "prod", name: "readers" };

  test("an object is kept, replaced when it is what was expected, and deleted", async (t) => {
    const { store } = await freshStore(t, postgres);
    const first = await putPolicyObject(store, key, { rules: [] }, { kind: "absent" });
    const second = await putPolicyObject(
      store,
      key,
      { rules: [1] },
      { kind: "version", resourceVersion: first.resourceVersion },
    );
    assert.ok(second.resourceVersion > first.resourceVersion);
    assert.deepEqual(await new StoredPolicyObjects(store).list(), [second]);
    const stale = { kind: "version", resourceVersion: first.resourceVersion } as const;
    await assert.rejects(putPolicyObject(store, key, {}, stale), { code: "store/conflict" });
    await assert.rejects(putPolicyObject(store, key, {}, { kind: "absent" }), { code: "store/conflict" });
    assert.equal(await deletePolicyObject(store, key, first.resourceVersion), false);
    assert.deepEqual(await new StoredPolicyObjects(store).list(), [second]);
    assert.equal(await deletePolicyObject(store, key, second.resourceVersion), true);
    assert.deepEqual(await new StoredPolicyObjects(store).list(), []);
  });

  test("what did not change is the very same object when all are read again", async (t) => {
    const { store } = await freshStore(t, postgres);
    const objects = new StoredPolicyObjects(store);
    const name = async (name: string, object = {}) => putPolicyObject(store, { ...key, name }, object);
    for (const one of ["a", "b", "c"]) await name(one);
    const before = await objects.list();
    await name("b", { rules: [1] });
    await name("d");
    await deletePolicyObject(store, { ...key, name: "c" });
    const after = await objects.list();
    assert.deepEqual(
      after.map(({ name, object }) => [name, object]),
      [
        ["a", {}],
        ["b", { rules: [1] }],
        ["d", {}],
      ],
    );
    assert.equal(after[0], before[0]);
    assert.deepEqual(await new StoredPolicyObjects(store).list(), after);
  });

  test("an object that is too large is refused", async (t) => {
    const { store } = await freshStore(t, postgres);
    const object = { text: "x".repeat(300_000) };
    await assert.rejects(putPolicyObject(store, key, object), { code: "store/too-large" });
  });
});

suite("changes", () => {
  const key = { kind: "Role", namespace: "", name: "readers" };

  test("every node hears of a change when it is committed, and of none that is not", async (t) => {
    const { store } = await freshStore(t, postgres);
    const heard: Change[] = [];
    const watching = watchChanges(store, systemClock, (change) => heard.push(change));
    t.after(() => watching.stop());
    await new Promise<void>((done) =>
      store.listen("postern_changes", (payload) => payload === undefined && done()),
    );
    await assert.rejects(
      store.transaction(async (tx) => {
        await putPolicyObject(tx, { ...key, name: "never" }, {});
        throw new RangeError("not this one");
      }),
    );
    await putPolicyObject(store, key, {});
    // A look that was under way may find the change as well, and does not know its name.
    await eventually("the notification", () => heard.some(({ id }) => id === "Role//readers"));
    assert.deepEqual(
      [...new Set(heard.map(({ id }) => id))].filter((id) => id !== undefined),
      ["Role//readers"],
    );
  });

  test("thousands of changes at once are one revision, and each is told", async (t) => {
    const { store } = await freshStore(t, postgres);
    const heard = new Set<string>();
    await new Promise<void>((done) =>
      store.listen("postern_changes", (payload) => (payload === undefined ? done() : heard.add(payload))),
    );
    await store.query(
      `INSERT INTO policy_objects (kind, namespace, name, object)
       SELECT 'Role', '', 'role-' || n, '{}' FROM generate_series(1, 5000) n`,
    );
    const revision = async () => (await store.query("SELECT revision FROM revisions"))[0]?.["revision"];
    assert.equal(await revision(), 1);
    await eventually("all were told", () => heard.size === 5000);
    await putPolicyObject(store, key, {});
    assert.equal(await revision(), 2, "the next transaction is another");
  });

  test("a login that notes what is known already tells nobody", async (t) => {
    const { store } = await freshStore(t, postgres);
    const user = { issuer: "i", subject: "s", username: "u", groups: ["a"] };
    const revision = async () => (await store.query("SELECT revision FROM revisions"))[0]?.["revision"];
    await rememberUser(store, user);
    const before = await revision();
    await rememberUser(store, user);
    assert.equal(await revision(), before);
    await rememberUser(store, { ...user, groups: ["a", "b"] });
    assert.notEqual(await revision(), before);
  });
});
