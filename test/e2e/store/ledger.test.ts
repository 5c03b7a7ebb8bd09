import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { sealEvent } from "../../../src/audit/ledger/record.ts";
import { StoreSink } from "../../../src/audit/ledger/store-sink.ts";
import { verifyLedger } from "../../../src/audit/ledger/verify.ts";
import { StoredLedger } from "../../../src/store/ledger.ts";
import { eventually } from "../../support/eventually.ts";
import { startGateway } from "../../support/gateway.ts";
import { asLines, checkpointsIn, loaded, newSigner, openLedger, recordOf } from "../../support/ledger.ts";
import { shell } from "../../support/postern.ts";
import type { TestPostgres } from "../../support/postgres.ts";
import { startPostgres } from "../../support/postgres.ts";
import { createStoreDatabase, freshStore, storeSettings } from "../../support/store.ts";
import { startWorld } from "../../support/world.ts";

const directory = mkdtempSync(join(tmpdir(), "postern-stored-ledger-"));
let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres();
  await createStoreDatabase(postgres);
});
after(async () => {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
});

function sinkOf(table: StoredLedger, node = "gw1") {
  return new StoreSink({ node, table, prepare: async () => {}, close: async () => {} });
}

test("a chain in the store goes on after a restart, and is found to be whole", async (t) => {
  const { store } = await freshStore(t, postgres);
  const table = new StoredLedger(store);
  const signer = newSigner();
  for (const source of ["a", "b\u0000\u2028"]) {
    const ledger = await openLedger(sinkOf(table), { signer });
    await Promise.all(Array.from({ length: 1500 }, () => ledger.append(loaded(source))));
    await ledger.close();
  }
  const other = await openLedger(sinkOf(table, "gw1-w1"), { signer, node: "gw1-w1" });
  await other.close();
  const lines = await Array.fromAsync(table.read({}));
  const { ok, chains } = await verifyLedger(asLines(lines), {
    keys: [signer.publicKey],
    held: checkpointsIn(lines),
  });
  assert.equal(ok, true);
  assert.deepEqual(
    chains.map(({ node, first }) => [node.split("/")[0], first]),
    [
      ["gw1-w1", 1], // in the order of bytes
      ["gw1", 1],
    ],
  );
  assert.ok(lines.length > 3000);
});

test("a record whose confirmation was lost stays, and the chain goes on behind it", async (t) => {
  const { store } = await freshStore(t, postgres);
  const table = new StoredLedger(store);
  let lose = false;
  const sink = sinkOf(
    Object.assign(Object.create(table) as StoredLedger, {
      insert: async (records: Parameters<StoredLedger["insert"]>[0]) => {
        await table.insert(records);
        if (lose) throw new Error("the connection was lost");
      },
      last: (name: string) => table.last(name),
    }),
  );
  const ledger = await openLedger(sink);
  lose = true;
  await assert.rejects(ledger.append(loaded("a")), { code: "audit/unwritable" });
  lose = false;
  await ledger.append(loaded("b"));
  const sources = (await Array.fromAsync(table.read({}))).map((line) => recordOf(line).event["source"]);
  assert.deepEqual(sources, [undefined, "a", "b"]);
});

test("two processes with one name do not overwrite each other's records", async (t) => {
  const { store } = await freshStore(t, postgres);
  const table = new StoredLedger(store);
  const one = await openLedger(sinkOf(table));
  await one.append(loaded("a"));
  const other = await openLedger(sinkOf(table));
  await other.append(loaded("b"));
  await assert.rejects(one.append(loaded("c")), { code: "audit/unwritable" });
  await one.append(loaded("d"));
  const lines = await Array.fromAsync(table.read({}));
  const { ok } = await verifyLedger(asLines(lines), { keys: [], held: [] });
  assert.equal(ok, true);
});

test("no row of the ledger is changed or deleted, and none takes the place of another", async (t) => {
  const { store } = await freshStore(t, postgres);
  const table = new StoredLedger(store);
  const ledger = await openLedger(sinkOf(table));
  await ledger.append(loaded("a"));
  for (const sql of ["UPDATE ledger SET record = 'x'", "DELETE FROM ledger", "TRUNCATE ledger"])
    await assert.rejects(store.query(sql), /the ledger only grows/);
  const again = sealEvent({ event: "ledger.closed.v1" }, 0, {
    node: ledger.chain,
    seq: 0,
    hash: "0".repeat(64),
    time: 0,
  });
  await assert.rejects(table.insert([again]), { code: "store/constraint" });
});

test("a login is in the store before its session begins, and the command line verifies it there", async () => {
  const store = storeSettings(postgres, { schema: "gateway" });
  const audit = { node: "gw1", sink: { kind: "store" }, signingKey: join(directory, "audit.key") };
  const world = await startWorld({ config: { audit, store }, cluster: { audit: "required" } });
  try {
    await world.freshLoginWorks();
    const config = `--config ${world.gateway.configFile}`;
    const found = shell(`postern audit query --event login.allowed --json ${config}`, directory);
    assert.equal(JSON.parse(found.stdout.split("\n")[0] ?? "").event.role, "ada");
    const verified = shell(`postern audit verify ${config}`, directory);
    assert.deepEqual([verified.code, /^whole: /m.test(verified.stdout)], [0, true], verified.stderr);
    await postgres.query("ALTER TABLE gateway.ledger RENAME TO away", "postern");
    await assert.rejects(world.connect(), { code: "58030" });
    await postgres.query("ALTER TABLE gateway.away RENAME TO ledger", "postern");
    await world.freshLoginWorks();
  } finally {
    await world.stop();
  }
});

for (const runtime of ["node", "bun"])
  test(`a second node of the same name does not start, also after the first lost its connection (${runtime})`, async (t) => {
    const store = storeSettings(postgres, { schema: `second_${runtime}` });
    const audit = { node: "gw1", sink: { kind: "store" } };
    const env = { POSTERN_RUNTIME: runtime };
    const world = await startWorld({ config: { audit, store }, cluster: { audit: "required" }, env });
    t.after(() => world.stop());
    const isRefused = () =>
      assert.rejects(
        startGateway(world.config, { env }),
        /ended with code 1.*another Postern keeps this ledger, node "gw1"/s,
      );
    const begun = async () => {
      const sql = `SELECT count(*)::int AS n FROM second_${runtime}.ledger WHERE record ~ '"ledger.(begun|resumed).v1"'`;
      return (await postgres.query(sql, "postern"))[0];
    };
    await world.freshLoginWorks();
    await isRefused();
    await world.freshLoginWorks();
    const claims = `locktype = 'advisory' AND NOT pid = pg_backend_pid()`;
    const cut = `SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE ${claims}`;
    assert.equal((await postgres.query(cut, "postern")).length, 1);
    await eventually("a login that is recorded over another connection", () =>
      world.freshLoginWorks().then(
        () => true,
        () => undefined,
      ),
    );
    await isRefused();
    assert.deepEqual(await begun(), { n: 1 });
    world.gateway.process.kill("SIGKILL");
    const next = await startGateway(world.config, { env });
    assert.equal(await next.stop(), 0);
    assert.deepEqual(await begun(), { n: 2 });
  });
