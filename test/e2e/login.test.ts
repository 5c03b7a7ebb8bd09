import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import type { World } from "../support/world.ts";
import { startWorld, UPSTREAM_PASSWORD } from "../support/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

/** How a login that must fail failed. */
async function refusal(more: pg.ClientConfig): Promise<{ code: string; message: string; severity: string }> {
  const client = world.client(more);
  try {
    await client.connect();
  } catch (error) {
    assert.ok(error instanceof pg.DatabaseError, String(error));
    return { code: error.code ?? "", message: error.message, severity: error.severity ?? "" };
  } finally {
    await client.end().catch(() => {});
  }
  return assert.fail("the login should have been refused");
}

test("a token logs in as the role that it names", async () => {
  const client = await world.connect();
  const { rows } = await client.query("SELECT session_user, current_user, pg_backend_pid() AS pid");
  assert.equal(rows[0]["session_user"], "ada");
  assert.equal(rows[0]["current_user"], "ada");
  // People match the process id with pg_stat_activity: it is the server's own.
  assert.equal(rows[0]["pid"], (client as unknown as { processID: number }).processID);
  await client.end();
});

test("the role cannot be left for one that the token does not name", async () => {
  const client = await world.connect();
  await assert.rejects(client.query("SET ROLE root"), { code: "42501" });
  await assert.rejects(client.query("SET SESSION AUTHORIZATION root"), { code: "42501" });
  await client.query("RESET ROLE");
  await client.query("DISCARD ALL");
  const { rows } = await client.query("SELECT current_user");
  assert.equal(rows[0]["current_user"], "ada");
  await client.end();
});

const refused: readonly [string, () => pg.ClientConfig, string, RegExp][] = [
  ["another role than the token names", () => ({ user: "ben" }), "28000", /is not open to you here/],
  [
    "a token that has expired",
    () => ({ password: world.token("ada", { exp: 1_600_000_000 }) }),
    "28P01",
    /has expired/,
  ],
  ["a token that is garbage", () => ({ password: "garbage" }), "28P01", /not a valid token/],
  [
    "a token of another issuer",
    () => ({ password: world.token("ada", { iss: "https://else.test" }) }),
    "28P01",
    /not valid/,
  ],
  ["the upstream password", () => ({ password: UPSTREAM_PASSWORD }), "28P01", /not a valid token/],
  ["a superuser", () => ({ user: "root", password: world.token("root") }), "28000", /too many rights/],
  [
    "a role that may replicate, although its token is good",
    () => ({ user: "repl", password: world.token("repl") }),
    "28000",
    /too many rights/,
  ],
  ["role in the startup options", () => ({ options: "-c role=root" }), "42501", /would change who you are/],
  ["a database that does not exist", () => ({ database: "nowhere" }), "3D000", /does not exist/],
  [
    "a role that does not exist",
    () => ({ user: "ghost", password: world.token("ghost") }),
    "28P01",
    /password authentication failed/,
  ],
];

for (const [name, config, code, text] of refused) {
  test(`refused: ${name}`, async () => {
    const failed = await refusal(config());
    assert.equal(failed.code, code);
    assert.match(failed.message, text);
    assert.equal(failed.severity, "FATAL");
    await world.freshLoginWorks();
  });
}

test("a refusal carries a correlation id that is in the log with the exact check", async () => {
  const { message } = await refusal({ password: world.token("ada", { exp: 1_600_000_000 }) });
  const id = /\(([0-9a-f]{12})\)$/.exec(message)?.[1];
  const line = await world.gateway.logged(
    (entry) => entry.event === "login.denied.v1" && entry["session"] === id,
  );
  assert.equal(line["code"], "identity/expired");
});

test("startup parameters reach the server", async () => {
  const client = await world.connect({
    application_name: "e2e",
    options: "-c search_path=pg_catalog -c geqo=off",
  });
  const { rows } = await client.query(
    "SELECT current_setting('application_name') AS name, current_setting('search_path') AS path, current_setting('geqo') AS geqo",
  );
  assert.deepEqual(rows[0], { name: "e2e", path: "pg_catalog", geqo: "off" });
  await client.end();
});

test("a query can be cancelled with the client's own key", async () => {
  const client = await world.connect();
  const other = await world.connect();
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const sleeping = assert.rejects(client.query("SELECT pg_sleep(60)"), { code: "57014" });
  for (;;) {
    const { rows } = await other.query("SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'", [
      processID,
    ]);
    if (rows.length > 0) break;
  }
  const key = Buffer.alloc(4);
  key.writeInt32BE(secretKey);
  await world.cancel(processID, key);
  await sleeping;
  await client.query("SELECT 1");
  await client.end();
  await other.end();
});

test("once a cancel's connection has ended, the next query is not hit by it", async () => {
  const client = await world.connect();
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const key = Buffer.alloc(4);
  key.writeInt32BE(secretKey);
  for (let n = 0; n < 20; n++) {
    await world.cancel(processID, key);
    await client.query("SELECT pg_sleep(0.01)"); // long enough to be hit by a cancel that is still on its way
  }
  await client.end();
});

test("LISTEN and NOTIFY pass", async () => {
  const client = await world.connect();
  const other = await world.connect({ user: "ben", password: world.token("ben") });
  const heard = new Promise<string>((resolve) =>
    client.on("notification", ({ payload }) => resolve(payload ?? "")),
  );
  await client.query("LISTEN door");
  await other.query("NOTIFY door, 'knock'");
  assert.equal(await heard, "knock");
  await client.end();
  await other.end();
});

test("no secret is ever written to the log", async () => {
  await world.freshLoginWorks();
  const output = world.gateway.output();
  assert.ok(output.includes("login.allowed.v1"));
  assert.ok(!output.includes(UPSTREAM_PASSWORD));
  assert.doesNotMatch(output, /eyJ[\w-]+\.[\w-]+/);
});
