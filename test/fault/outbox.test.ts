/** No change without its record: processes are killed, the disk is full, the store goes away between the two. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { readLines } from "../../src/audit/ledger/lines.ts";
import { noticeIn } from "../../src/audit/ledger/record.ts";
import { verifyLedger } from "../../src/audit/ledger/verify.ts";
import type { AccessWorld } from "../support/access-world.ts";
import { may, putWriteOffer, role, startAccessWorld } from "../support/access-world.ts";
import { apiOf } from "../support/api.ts";
import { eventually } from "../support/eventually.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { startKeyServer } from "../support/key-server.ts";
import { asLines, ledgerFile, linesIn, recordOf } from "../support/ledger.ts";

const ROLES = "/namespaces/shop/roles";

interface Setting {
  readonly world: AccessWorld;
  /** What is in the ledger, line by line. */
  readonly lines: () => Promise<readonly string[]>;
}

/** A gateway whose cluster requires its ledger. */
async function start(t: TestContext, sink: "file" | "store"): Promise<Setting & { readonly file: string }> {
  const file = ledgerFile(t);
  const kept = sink === "file" ? { kind: "file", path: file } : { kind: "store" };
  const world = await startAccessWorld({
    cluster: { namespace: "shop", decide: { mode: "rbac" }, audit: "required" },
    config: { audit: { node: "gw1", sink: kept } },
  });
  t.after(() => world.stop());
  const lines = async () =>
    sink === "file"
      ? linesIn(file)
      : (await inStore(world, "SELECT record FROM postern.ledger ORDER BY node, seq")).map(({ record }) =>
          String(record),
        );
  return { world, file, lines };
}

const inStore = ({ postgres }: AccessWorld, sql: string) => postgres.query(sql, "postern");

const waiting = async (world: AccessWorld) => (await inStore(world, "SELECT id FROM postern.outbox")).length;

/** How often each role's making is recorded. */
function recordsOf(lines: readonly string[]): ReadonlyMap<string, number> {
  const names = lines
    .map((line) => recordOf(line).event)
    .filter(({ event, verb }) => event === "policy.changed.v1" && verb === "create")
    .map(({ name }) => String(name));
  return new Map(
    Map.groupBy(names, (name) => name)
      .entries()
      .map(([name, all]) => [name, all.length]),
  );
}

async function assertWhole(lines: readonly string[]): Promise<void> {
  const { findings, notes } = await verifyLedger(asLines(lines), { keys: [], held: [] });
  assert.deepEqual([findings, notes], [[], []]);
}

function make(gateway: Gateway, world: AccessWorld, name: string) {
  return apiOf(gateway, world.administratorToken)("POST", ROLES, role(name, may("get", "sessions")));
}

/** Starts the gateway again, which finds the ledger and the store as they were left. */
async function again(t: TestContext, { config }: AccessWorld): Promise<Gateway> {
  const gateway = await startGateway(config);
  t.after(() => gateway.stop());
  return gateway;
}

for (const sink of ["file", "store"] as const)
  test(`every change is recorded exactly once, however often the process is killed between the two (ledger in the ${sink})`, async (t) => {
    const { world, lines } = await start(t, sink);
    const acknowledged: string[] = [];
    let gateway = world.gateway;
    for (let round = 0; round < 5; round++) {
      const before = acknowledged.length;
      const enough = 1 + Math.floor(Math.random() * 20);
      const lane = async (number: number) => {
        for (let n = 0; ; n++) {
          const name = `r${round}-${number}-${n}`;
          const { status } = await make(gateway, world, name);
          assert.equal(status, 201);
          acknowledged.push(name);
          if (acknowledged.length - before >= enough) gateway.process.kill("SIGKILL");
        }
      };
      await Promise.allSettled([0, 1, 2, 3].map(lane)); // each ends when nobody answers any more
      await gateway.ended;
      gateway = await again(t, world);
    }
    await eventually("all is recorded", async () => (await waiting(world)) === 0);
    const written = await lines();
    await assertWhole(written);
    const recorded = recordsOf(written);
    const made = (await inStore(world, "SELECT name FROM postern.policy_objects")).map(({ name }) =>
      String(name),
    );
    assert.deepEqual(
      acknowledged.filter((name) => !made.includes(name)),
      [],
    );
    assert.deepEqual(
      made.filter((name) => recorded.get(name) !== 1),
      [],
    );
    assert.equal(recorded.size, made.length, "and nothing that was not made");
  });

test("while the ledger's disk is full no change is acknowledged; a process that is killed then leaves its record to the next", async (t) => {
  const { world, file } = await start(t, "file");
  assert.equal((await make(world.gateway, world, "before")).status, 201);
  execFileSync("prlimit", [
    "--pid",
    String(world.gateway.pid),
    `--fsize=${statSync(file).size + 50}:unlimited`,
  ]);
  const refused = await make(world.gateway, world, "meanwhile");
  assert.deepEqual([refused.status, refused.body.code], [503, "access/not-recorded"]);
  assert.equal(await waiting(world), 1);
  await world.gateway.stop("SIGKILL");
  assert.equal(
    recordsOf(
      (await Array.fromAsync(readLines([file])))
        .filter(({ unfinished }) => !unfinished)
        .map(({ text }) => text),
    ).get("meanwhile"),
    undefined,
  );
  const gateway = await again(t, world);
  await eventually("the record is there", async () => (await waiting(world)) === 0);
  await gateway.stop();
  await assertWhole(linesIn(file));
  assert.deepEqual(Object.fromEntries(recordsOf(linesIn(file))), { before: 1, meanwhile: 1 });
});

test("when the disk has room again, what was not acknowledged is recorded without a restart", async (t) => {
  const { world, file } = await start(t, "file");
  const { pid } = world.gateway;
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${statSync(file).size + 50}:unlimited`]);
  assert.equal((await make(world.gateway, world, "meanwhile")).status, 503);
  execFileSync("prlimit", ["--pid", String(pid), "--fsize=unlimited:unlimited"]);
  await eventually("the record is there", async () => (await waiting(world)) === 0);
  assert.deepEqual(Object.fromEntries(recordsOf(linesIn(file))), { meanwhile: 1 });
  assert.equal((await make(world.gateway, world, "after")).status, 201);
});

test("a process that is killed behind the record and before it says so does not record the change again", async (t) => {
  const { world, file } = await start(t, "file");
  assert.equal((await make(world.gateway, world, "once")).status, 201);
  await eventually("it was said", async () => (await waiting(world)) === 0);
  await world.gateway.stop("SIGKILL");
  const record = recordOf(linesIn(file).find((line) => noticeIn(line) !== undefined));
  const { eventId, eventTime, ...event } = record.event;
  await world.postgres.query(
    `INSERT INTO postern.outbox (id, time, event, chain)
     VALUES ('${eventId}', ${Date.parse(String(eventTime))}, '${JSON.stringify(event)}', '${record.node}')`,
    "postern",
  );
  const gateway = await again(t, world);
  await eventually("it was found in the ledger", async () => (await waiting(world)) === 0);
  await gateway.stop();
  await assertWhole(linesIn(file));
  assert.deepEqual(Object.fromEntries(recordsOf(linesIn(file))), { once: 1 });
});

test("what a node left behind that does not come back is recorded by another after a minute", async (t) => {
  const { world, file } = await start(t, "file");
  execFileSync("prlimit", [
    "--pid",
    String(world.gateway.pid),
    `--fsize=${statSync(file).size + 50}:unlimited`,
  ]);
  assert.equal((await make(world.gateway, world, "orphan")).status, 503);
  await world.gateway.stop("SIGKILL");
  // It had just taken it up; a minute of the store's clock is not waited for here.
  await world.postgres.query(
    "UPDATE postern.outbox SET chain = 'gone/0123456789abcdef', claimed_at = claimed_at - interval '61 seconds'",
    "postern",
  );
  const elsewhere = ledgerFile(t);
  const gateway = await startGateway({
    ...world.config,
    audit: { node: "gw2", sink: { kind: "file", path: elsewhere } },
  });
  t.after(() => gateway.stop());
  await eventually("the other has recorded it", async () => (await waiting(world)) === 0);
  assert.deepEqual(Object.fromEntries(recordsOf(linesIn(elsewhere))), { orphan: 1 });
});

test("a webhook whose node is killed before it was taken is told by another node, with the same id", async (t) => {
  const chat = await startKeyServer();
  t.after(() => chat.close());
  chat.serve((_, response) => response.writeHead(503).end());
  const webhooks = [{ url: `${chat.url}/hooks/1`, secret: "a secret of the chat and the gateway" }];
  const world = await startAccessWorld({ config: { webhooks } });
  t.after(() => world.stop());
  await putWriteOffer(world);
  await world.put(role("writer", may("assume", "databaseroles", "ben")));
  const ask = { offer: "write", duration: "10m", reason: "ticket 4711" };
  const asked = await world.as("ada", "engineers")("POST", "/namespaces/shop/accessrequests", ask);
  assert.equal(asked.status, 201, JSON.stringify(asked.body));
  await eventually("the receiver was asked", () => chat.requests.length > 0);
  await world.gateway.stop("SIGKILL");
  chat.serve((_, response) => response.writeHead(204).end());
  await again(t, world);
  await eventually(
    "it was delivered",
    async () => (await inStore(world, "SELECT FROM postern.deliveries")).length === 0,
  );
  const ids = chat.requests.map(({ headers }) => headers["webhook-id"]);
  assert.ok(ids.length > 1);
  assert.equal(new Set(ids).size, 1);
});
