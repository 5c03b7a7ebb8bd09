import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { filesOf } from "../../src/audit/ledger/file-names.ts";
import type { LedgerRecord } from "../../src/audit/ledger/record.ts";
import { isFault, readRecord } from "../../src/audit/ledger/record.ts";
import { eventually } from "../support/eventually.ts";
import { linesIn } from "../support/ledger.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

const directory = mkdtempSync(join(tmpdir(), "postern-audit-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A ledger in a directory of its own, which can be exchanged at once for one where it cannot be written. */
function auditOf(name: string) {
  const place = join(directory, name);
  const [sound, broken] = [`${place}.sound`, `${place}.broken`];
  mkdirSync(sound);
  mkdirSync(join(broken, "audit.jsonl"), { recursive: true });
  const lead = (to: string) => {
    symlinkSync(to, `${place}.next`);
    renameSync(`${place}.next`, place);
  };
  lead(sound);
  const sink = { kind: "file", path: join(place, "audit.jsonl") };
  return {
    file: join(sound, "audit.jsonl"),
    audit: { node: "gw1", sink, signingKey: join(directory, `${name}.key`) },
    spoil: () => lead(broken),
    repair: () => lead(sound),
  };
}

/** Every record of a ledger, each of them whole. */
function recordsIn(file: string): LedgerRecord[] {
  return filesOf(file)
    .flatMap(linesIn)
    .map((line) => {
      const record = readRecord(line);
      return isFault(record) ? assert.fail(record.fault) : record;
    });
}

function named(records: readonly LedgerRecord[], name: string): LedgerRecord[] {
  return records.filter(({ event }) => event.event === name);
}

suite("a cluster that requires the ledger", () => {
  const { file, audit, spoil, repair } = auditOf("required");
  let world: World;
  before(async () => {
    world = await startWorld({ config: { audit }, cluster: { audit: "required" } });
  });
  after(() => world.stop());

  test("a login is in the ledger before its session begins, and the end of the session follows", async () => {
    const client = await world.connect();
    const [allowed] = named(recordsIn(file), "login.allowed.v1");
    assert.equal(allowed?.event["cluster"], "main");
    assert.equal(allowed?.event["role"], "ada");
    await client.query("SELECT generate_series(1, 7)");
    await client.query("SELECT 1");
    await client.end();
    const session = allowed?.event["session"];
    const ended = await eventually("the end of the session in the ledger", () =>
      named(recordsIn(file), "session.ended.v1").find(({ event }) => event["session"] === session),
    );
    assert.equal(ended.event["reason"], "client-closed");
    assert.equal(ended.event["rows"], 8);
    assert.equal(named(recordsIn(file), "login.allowed.v1").length, 1);
  });

  test("a denial is in the ledger with the check that failed", async () => {
    await assert.rejects(world.connect({ password: world.token("ada", { exp: 1_600_000_000 }) }));
    const denied = await eventually("the denial in the ledger", () =>
      named(recordsIn(file), "login.denied.v1").at(-1),
    );
    assert.equal(denied.event["code"], "identity/expired");
  });

  test("there is no session while the ledger cannot be written, and there is one when it can be again", async () => {
    spoil();
    await assert.rejects(world.connect(), { code: "58030", message: /could not be recorded, and must be/ });
    const denied = await world.gateway.logged((line) => line["code"] === "access/audit-unavailable");
    assert.equal(denied.event, "login.denied.v1");
    repair();
    await world.freshLoginWorks();
    await world.gateway.logged(({ event }) => event === "audit.recovered.v1");
    const seqs = recordsIn(file).map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      seqs.map((_, index) => index + 1),
    );
    assert.equal(named(recordsIn(file), "login.denied.v1").at(-1)?.event["code"], "access/audit-unavailable");
  });

  test("the key that signs checkpoints is made at the first start, for its owner only", () => {
    assert.equal(statSync(audit.signingKey).mode & 0o777, 0o600);
  });

  test("another ledger in a new configuration is refused, because a chain has one writer", async () => {
    world.gateway.configure({ ...world.config, audit: { ...audit, node: "gw2" } });
    const refused = await world.gateway.logged(({ event }) => event === "config.refused.v1");
    assert.match(String(refused["detail"]), /audit can be changed only by a restart/);
    world.gateway.configure(world.config);
  });
});

test("a ledger that is stopped ends with a checkpoint of all that came before", async () => {
  const { file, audit } = auditOf("stopped");
  const world = await startWorld({ config: { audit } });
  await world.freshLoginWorks();
  await world.stop();
  const records = recordsIn(file);
  const [closed, checkpoint] = records.slice(-2);
  assert.equal(closed?.event.event, "ledger.closed.v1");
  assert.deepEqual([checkpoint?.event["seq"], checkpoint?.event["hash"]], [closed?.seq, closed?.hash]);
  assert.equal(named(records, "config.loaded.v1").length, 1);
});

test("where best effort is enough, sessions begin while the ledger cannot be written, and are recorded later", async () => {
  const { file, audit, spoil, repair } = auditOf("best-effort");
  const world = await startWorld({ config: { audit } });
  try {
    spoil();
    await world.freshLoginWorks();
    repair();
    await eventually("the login in the ledger", () => named(recordsIn(file), "login.allowed.v1")[0]);
  } finally {
    await world.stop();
  }
});

test("each worker has a chain and a file of its own", async () => {
  const { file, audit } = auditOf("workers");
  const world = await startWorld({ config: { audit }, door: { workers: 2 } });
  await world.freshLoginWorks();
  await world.stop();
  const worker = (number: number) => file.replace(".jsonl", `.w${number}.jsonl`);
  assert.ok([file, worker(1), worker(2)].every(existsSync));
  const nodes = new Set(recordsIn(file).map(({ node }) => node.split("/")[0]));
  assert.deepEqual([...nodes].sort(), ["gw1", "gw1-w1", "gw1-w2"]);
  assert.equal(named(recordsIn(file), "login.allowed.v1").length, 1);
});
