import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type pg from "pg";
import { eventually } from "../support/eventually.ts";
import type { Baseline } from "../support/leaks.ts";
import { baseline } from "../support/leaks.ts";
import { RawClient } from "../support/raw-client.ts";
import { cancelRequest, packet, startupPacket, typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld, UPSTREAM_PASSWORD } from "../support/world.ts";

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld({ door: { plainText: "never" }, config: { log: { level: "trace" } } });
  clean = await baseline(world);
});
after(() => world.stop());

const target = () => ({ port: world.gateway.port, ca: world.ca });

const escapes: readonly [string, string | undefined][] = [
  ["SET ROLE root", "42501"],
  ["SET LOCAL ROLE root", "42501"],
  ["SET ROLE NONE", undefined],
  ["RESET ROLE", undefined],
  ["SET SESSION AUTHORIZATION root", "42501"],
  ["SET SESSION AUTHORIZATION DEFAULT", undefined],
  ["RESET SESSION AUTHORIZATION", undefined],
  ["DISCARD ALL", undefined],
  ["RESET ALL", undefined],
  ["SELECT set_config('role', 'root', false)", "42501"],
  ["SELECT set_config('session_authorization', 'root', false)", "42501"],
  ["SELECT set_config('is_superuser', 'on', false)", "55P02"],
  ["DO $$ BEGIN EXECUTE 'SET ROLE root'; END $$", "42501"],
  ["DO $$ BEGIN PERFORM set_config('role', 'root', true); END $$", "42501"],
  ["ALTER ROLE ada SUPERUSER", "42501"],
  ["ALTER ROLE ada REPLICATION", "42501"],
  ["GRANT root TO ada", "42501"],
  ["CREATE ROLE mallory", "42501"],
  ["COPY items TO PROGRAM 'id'", "42501"],
  ["COPY items FROM PROGRAM 'id'", "42501"],
  ["COPY items TO '/tmp/postern-attack'", "42501"],
  ["SELECT pg_read_file('/etc/passwd')", "42501"],
  ["SELECT lo_import('/etc/passwd')", "42501"],
  ["SELECT pg_reload_conf()", "42501"],
  ["SELECT rolpassword FROM pg_authid", "42501"],
  ["CREATE EXTENSION dblink", "42501"],
];

for (const [sql, code] of escapes) {
  test(`attack 13: ${sql} does not get out of the role`, async () => {
    const client = await world.connect();
    if (code === undefined) await client.query(sql);
    else await assert.rejects(client.query(sql), { code });
    const { rows } = await client.query(
      "SELECT session_user AS session, current_user AS current, current_setting('is_superuser') AS super",
    );
    assert.deepEqual(rows[0], { session: "ada", current: "ada", super: "off" });
    await client.end();
    await clean.holds();
  });
}

test("attack 14: claim settings are the client's to write, so they say nothing of who it is", async () => {
  const client = await world.connect();
  const { rows: fresh } = await client.query("SELECT current_setting('request.jwt.claims', true) AS claims");
  assert.equal(fresh[0]["claims"], null);
  await client.query(`SELECT set_config('request.jwt.claims', '{"sub":"root"}', false)`);
  const { rows } = await client.query("SELECT session_user AS who");
  assert.equal(rows[0]["who"], "ada");
  await client.end();
  await clean.holds();
});

test("attack 15: what a session leaves behind, the next one does not find", async () => {
  const first = await world.connect();
  const { rows: before } = await first.query("SELECT pg_backend_pid() AS pid");
  await first.query("SET work_mem = '1234kB'");
  await first.query("CREATE TEMP TABLE left_behind (n integer)");
  await first.query("SELECT pg_advisory_lock(4711)");
  await first.query("LISTEN gossip");
  await first.query("PREPARE mine AS SELECT 1");
  await first.query("BEGIN; DECLARE cur CURSOR WITH HOLD FOR SELECT 1; COMMIT");
  await first.query("BEGIN");
  await assert.rejects(first.query("SELECT 1/0"), { code: "22012" });
  await first.end();
  await clean.settled();
  const next = await world.connect();
  const { rows } = await next.query(
    `SELECT pg_backend_pid() AS pid, current_setting('work_mem') AS memory, to_regclass('left_behind') AS temp,
     pg_try_advisory_lock(4711) AS lock, (SELECT count(*)::integer FROM pg_prepared_statements) AS prepared,
     (SELECT count(*)::integer FROM pg_cursors) AS cursors, (SELECT count(*)::integer FROM pg_listening_channels()) AS heard`,
  );
  const [{ pid, ...state }] = rows as [Record<string, unknown>];
  assert.notEqual(pid, before[0]["pid"]);
  assert.deepEqual(state, { memory: "4MB", temp: null, lock: true, prepared: 0, cursors: 0, heard: 0 });
  await next.end();
  await clean.holds();
});

test("attack 4: plain text is refused where only TLS is served, before a token can be asked for", async () => {
  const client = await RawClient.plain(target());
  client.send(startupPacket({ user: "ada", database: "postgres" }));
  const { code, message } = await client.refusal();
  assert.equal(code, "28000");
  assert.match(message, /^connections without TLS are not accepted here; use sslmode=require or stronger/);
  await clean.holds();
});

/** Sends a cancel request inside TLS and resolves when the gateway has taken it. */
async function cancel(processId: number, key: Buffer): Promise<void> {
  const client = await RawClient.tls(target());
  client.send(cancelRequest(processId, key));
  await client.gone();
}

/** A session that runs a query which only a cancel request ends. */
async function sleeping(minor = 196608) {
  const client = await RawClient.tls(target());
  client.send(startupPacket({ user: "ada", database: "postgres" }, minor));
  await client.messagesUntil("R");
  client.send(typed("p", Buffer.from(`${world.token("ada")}\0`)));
  const key = (await client.messagesUntil("Z")).find(({ type }) => type === "K")?.body ?? Buffer.alloc(8);
  const processId = key.readInt32BE(0);
  client.send(typed("Q", Buffer.from("SELECT pg_sleep(60)\0")));
  const running = async () => (await stateOf(processId)) === "active";
  await eventually("the query runs", running);
  return { client, processId, key: key.subarray(4), running };
}

async function stateOf(processId: number): Promise<unknown> {
  const [row] = await world.postgres.query(`SELECT state FROM pg_stat_activity WHERE pid = ${processId}`);
  return row?.["state"];
}

for (const [name, version, bytes] of [
  ["3.0", 0x0003_0000, 4],
  ["3.2", 0x0003_0002, 32],
] as const) {
  test(`attack 16: in protocol ${name} only the session's own key of ${bytes} bytes cancels its query`, async () => {
    const { client, processId, key, running } = await sleeping(version);
    const other = await sleeping(version);
    assert.equal(key.length, bytes);
    const flipped = Buffer.from(key);
    flipped[0] = (flipped[0] ?? 0) ^ 1;
    for (const wrong of [
      flipped,
      other.key,
      Buffer.alloc(bytes),
      key.subarray(0, 4),
      Buffer.concat([key, key]),
    ]) {
      if (wrong.equals(key)) continue;
      await cancel(processId, wrong);
      assert.ok(await running());
    }
    await cancel(other.processId, key);
    await cancel(processId, key);
    const messages = await client.messagesUntil("Z");
    assert.ok(messages.some(({ type, body }) => type === "E" && body.includes("57014")));
    assert.ok(await other.running());
    client.vanish();
    other.client.vanish();
    await clean.holds();
  });
}

test("attack 16: the key of a session that has ended cancels nothing", async () => {
  const ended = await sleeping();
  ended.client.vanish();
  await clean.settled();
  const other = await sleeping();
  await cancel(ended.processId, ended.key);
  await cancel(other.processId, ended.key);
  assert.ok(await other.running());
  other.client.vanish();
  await clean.holds();
});

test("attack 16: without TLS a cancel request is refused where only TLS is served", async () => {
  const { client, processId, key, running } = await sleeping();
  const plain = await RawClient.plain(target());
  plain.send(cancelRequest(processId, key));
  assert.equal((await plain.refusal()).code, "28000");
  assert.ok(await running());
  client.vanish();
  await clean.holds();
});

test("attack 16: a flood of wrong cancel requests disturbs nobody and leaves nothing", async () => {
  const { client, processId, running } = await sleeping();
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      Array.from({ length: 20 }, (_, guess) => cancel(processId, Buffer.from([round, guess, 0, 0]))),
    );
    await world.freshLoginWorks();
  }
  assert.ok(await running());
  client.vanish();
  await clean.holds();
});

test("attack 16: a cancel request with bytes behind it is still only a cancel request", async () => {
  const client = await RawClient.tls(target());
  client.send(cancelRequest(1, Buffer.alloc(4)), startupPacket({ user: "ada" }), packet(196608));
  await client.gone();
  assert.equal(client.received, 1, "nothing but the S of the TLS request");
  await clean.holds();
});

test("attack 19: the token is in no log line, argument, environment or setting, wherever a client puts it", async () => {
  const token = world.token("ada", { jti: "needle" });
  const good = await world.connect({ password: token, application_name: "seen" });
  const failing: pg.ClientConfig[] = [
    { password: token, user: "ben" },
    { password: `${token}x` },
    { password: "garbage", user: token.slice(0, 60) },
    { password: "garbage", database: token.slice(0, 60) },
    { password: token, application_name: "x", options: `-c role=${token}` },
  ];
  for (const more of failing) await assert.rejects(world.connect(more));
  await good.query("SELECT 1");
  const activity = await world.postgres.query("SELECT * FROM pg_stat_activity");
  const { pid } = world.gateway;
  const seen = [
    world.gateway.output(),
    JSON.stringify(activity),
    world.postgres.lines.join("\n"),
    readFileSync(`/proc/${pid}/cmdline`, "utf8"),
    readFileSync(`/proc/${pid}/environ`, "utf8"),
    ...readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/comm`, "utf8")),
  ].join("\n");
  assert.ok(seen.includes("login.allowed.v1") && seen.includes("login.denied.v1"));
  for (const secret of [UPSTREAM_PASSWORD, token, token.split(".")[2] ?? "", token.split(".")[1] ?? ""]) {
    assert.ok(!seen.includes(secret), `${secret.slice(0, 20)}… was seen`);
  }
  await good.end();
  await clean.holds();
});

test("attack 19: what a client is told holds nothing that it sent", async () => {
  const client = await RawClient.tls(target());
  client.send(startupPacket({ user: "needle", database: "needle", application_name: "needle" }));
  await client.messagesUntil("R");
  client.send(typed("p", Buffer.from("needle\0")));
  assert.doesNotMatch((await client.refusal()).message, /needle/);
  await clean.holds();
});
