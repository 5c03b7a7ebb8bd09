import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, SOON_MS } from "../support/eventually.ts";
import type { Baseline } from "../support/leaks.ts";
import { backends, baseline } from "../support/leaks.ts";
import { RawClient } from "../support/raw-client.ts";
import { reportFields, typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld();
  clean = await baseline(world);
});
after(() => world.stop());

const query = (sql: string) => typed("Q", Buffer.from(`${sql}\0`));

async function loggedIn(): Promise<RawClient> {
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  await client.logIn("ada", world.token("ada"));
  return client;
}

const states: readonly [string, (client: RawClient) => Promise<void>][] = [
  ["idle", async () => {}],
  ["in the middle of a query", async (client) => client.send(query("SELECT pg_sleep(600)"))],
  [
    "in COPY out",
    async (client) => {
      client.send(
        query("COPY (SELECT repeat('x', 1000), pg_sleep(0.001) FROM generate_series(1, 100000)) TO STDOUT"),
      );
      await client.messagesUntil("d");
    },
  ],
  [
    "in COPY in",
    async (client) => {
      client.send(query("COPY items FROM STDIN"));
      await client.messagesUntil("G");
    },
  ],
];

for (const [when, prepare] of states) {
  test(`a server process that the administrator ends while it is ${when} tells its client why`, async () => {
    const client = await loggedIn();
    await prepare(client);
    await world.postgres.query(`SELECT pg_terminate_backend(${client.processId})`);
    // In COPY in the server looks only when something comes.
    if (when === "in COPY in") client.send(typed("d", Buffer.from("1000\tnever\n")));
    const messages = await client.messagesUntil("E");
    const fields = reportFields(messages.at(-1)?.body ?? Buffer.alloc(0));
    assert.equal(fields["C"], "57P01");
    assert.equal(fields["M"], "terminating connection due to administrator command");
    await client.gone();
    await clean.holds();
  });
}

test("a server process that is killed in the middle of a query takes its session with it, and the next login works", async () => {
  const client = await loggedIn();
  const other = await loggedIn();
  client.send(query("SELECT pg_sleep(600)"));
  await eventually("the query runs", async () =>
    (await backends(world)).some(({ state }) => state === "active"),
  );
  process.kill(client.processId, "SIGKILL");
  // The server restarts after a crash, and all its sessions end.
  await client.gone();
  await other.gone();
  await eventually("logins work again", () =>
    world.freshLoginWorks().then(
      () => true,
      () => false,
    ),
  );
  await clean.holds();
});

test("a server that is stopped is told in words, and found again when it is back", async () => {
  const own = await startWorld({ cluster: { connectTimeout: "3s" } });
  try {
    const client = await own.connect();
    const ended = new Promise<Error>((resolve) => client.on("error", resolve));
    process.kill(own.postgres.pid, "SIGSTOP");
    const begun = Date.now();
    await assert.rejects(own.connect({ user: "ben", password: own.token("ben") }), {
      code: "08001",
      message: /^the database server did not answer in time; try again shortly \([0-9a-f]{12}\)$/,
    });
    assert.ok(Date.now() - begun < SOON_MS);
    process.kill(own.postgres.pid, "SIGCONT");
    await own.freshLoginWorks();
    process.kill(own.postgres.pid, "SIGINT");
    await ended;
    await assert.rejects(own.connect(), { code: /^(08001|57P03)$/ });
  } finally {
    await own.stop();
  }
});

test("a client that gives up while its server does not answer leaves nothing behind", async () => {
  process.kill(world.postgres.pid, "SIGSTOP");
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  const before = new Set(world.gateway.log);
  const login = client.logIn("ada", world.token("ada")).catch(() => {});
  await world.gateway.logged((line) => line.event === "login.allowed.v1" && !before.has(line));
  client.vanish();
  await login;
  process.kill(world.postgres.pid, "SIGCONT");
  await clean.holds();
});

test("the gateway killed outright takes its sessions with it: no server process stays", async () => {
  const own = await startWorld();
  try {
    const client = await RawClient.tls({ port: own.gateway.port, ca: own.ca });
    await client.logIn("ada", own.token("ada"));
    await client.query("BEGIN; INSERT INTO items VALUES (1000, 'never')");
    const copying = await RawClient.tls({ port: own.gateway.port, ca: own.ca });
    await copying.logIn("ada", own.token("ada"));
    copying.send(query("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000000)) TO STDOUT"));
    await copying.messagesUntil("d");
    await own.gateway.stop("SIGKILL");
    await client.gone();
    await copying.gone();
    await eventually("no server process is left", async () => (await backends(own)).length === 0);
    const [left] = await own.postgres.query("SELECT count(*)::integer AS rows FROM items WHERE id = 1000");
    assert.equal(left?.["rows"], 0);
  } finally {
    await own.postgres.stop();
  }
});
