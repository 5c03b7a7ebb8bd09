import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { createAuthority } from "../../src/demo/authority.ts";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import { type LogLine, replace } from "../support/gateway.ts";
import type { Baseline } from "../support/leaks.ts";
import { baseline } from "../support/leaks.ts";
import { RawClient } from "../support/raw-client.ts";
import { passwordMessage, startupPacket } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

const GUEST = "https://guest.test";

let world: World;
let clean: Baseline;
let original: { readonly [part: string]: unknown; readonly issuers: readonly unknown[] };
const guest = newKeyPair("ES256");
const late = newKeyPair("EdDSA");
before(async () => {
  world = await startWorld();
  original = { ...world.config, issuers: world.config["issuers"] as unknown[] };
  clean = await baseline(world);
});
after(() => world.stop());
afterEach(() => configured(original));

const guestIssuer = { name: "guest", issuer: GUEST, keys: { pem: [guest.publicPem] } };
const guestToken = (pem = guest.privatePem) => {
  const now = Math.floor(Date.now() / 1000);
  return mintToken(pem, { iss: GUEST, sub: "ada", iat: now, exp: now + 3600 });
};

/** Resolves with the first line of this event that is logged from now on. */
function next(event: string): Promise<LogLine> {
  const seen = new Set(world.gateway.log);
  return world.gateway.logged((line) => line.event === event && !seen.has(line));
}

/** Puts a configuration in force. */
const configured = (config: unknown) => world.gateway.reconfigure(config);

/** Writes a configuration that must be refused. */
async function refused(config: unknown): Promise<LogLine> {
  const line = next("config.refused.v1");
  world.gateway.configure(config);
  world.gateway.process.kill("SIGHUP");
  return await line;
}

/** Logs in again and again, and answers how often, until it is stopped. A login that fails fails the test. */
function load(): () => Promise<number> {
  let going = true;
  const worker = async () => {
    let logins = 0;
    for (; going; logins++) await world.freshLoginWorks();
    return logins;
  };
  const workers = [worker(), worker(), worker()];
  return async () => {
    going = false;
    return (await Promise.all(workers)).reduce((sum, logins) => sum + logins, 0);
  };
}

async function loggedIn(token = guestToken()): Promise<RawClient> {
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  await client.logIn("ada", token);
  return client;
}

const withGuest = () => ({ ...original, issuers: [...original.issuers, guestIssuer] });

const removals: readonly [string, () => unknown][] = [
  ["issuer", () => original],
  [
    "key",
    () => ({
      ...original,
      issuers: [...original.issuers, { ...guestIssuer, keys: { pem: [late.publicPem] } }],
    }),
  ],
];

for (const [what, without] of removals) {
  test(`attack 29: a removed ${what} ends its sessions, lets nobody in, and leaves the others alone`, async () => {
    await configured(withGuest());
    const own = await world.connect();
    const idle = await loggedIn();
    const busy = await loggedIn();
    busy.send(Buffer.from("Q\0\0\0\x19SELECT pg_sleep(60)\0", "latin1"));
    const waiting = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
    waiting.send(startupPacket({ user: "ada", database: "postgres" }));
    await waiting.messagesUntil("R");

    await configured(without());
    const told = await idle.refusal();
    assert.equal(told.code, "57P01");
    assert.match(told.message, /^the session ended because its right was taken away \([0-9a-f]{12}\)$/);
    await busy.gone();
    // It came before the reload and has only now shown its token: that helps it nothing.
    waiting.send(passwordMessage(guestToken()));
    assert.equal((await waiting.refusal()).code, "28P01");
    await assert.rejects(world.connect({ password: guestToken() }), { code: "28P01" });
    await own.query("SELECT 1");
    await own.end();
    await clean.holds();
  });
}

test("attack 29: a cluster that is gone ends its sessions", async () => {
  const [cluster] = original["clusters"] as [Record<string, unknown>];
  const client = await loggedIn(world.token("ada"));
  await configured({ ...original, clusters: [{ ...cluster, name: "other" }] });
  assert.equal((await client.refusal()).code, "57P01");
  await clean.holds();
});

const bad: readonly [string, () => unknown][] = [
  ["is not YAML", () => "doors: [postgres"],
  ["is empty", () => ""],
  ["has a setting that does not exist", () => ({ ...original, limitz: {} })],
  ["has an issuer without keys", () => ({ ...original, issuers: [{ name: "test", keys: {} }] })],
  ["has a broken key", () => ({ ...original, issuers: [{ name: "test", keys: { pem: ["nonsense"] } }] })],
  [
    "names a certificate that is not there",
    () => ({
      ...original,
      doors: { postgres: { port: 0, tls: { certFile: "/nowhere.crt", keyFile: "/nowhere.key" } } },
    }),
  ],
];

for (const [how, config] of bad) {
  test(`attack 29: a configuration that ${how} changes nothing and says so, with logins under way`, async () => {
    const client = await world.connect();
    const stop = load();
    const { detail } = await refused(config());
    assert.ok(String(detail).length > 10);
    assert.ok((await stop()) > 0);
    await client.query("SELECT 1");
    await client.end();
    await clean.holds();
  });
}

test("attack 29: a configuration that cannot be put in force leaves every limit as it was", async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  // The port stays taken until the configuration that names it is gone: the gateway looks at the file once more.
  t.after(() => configured(original).finally(() => taken.close()));
  const address = taken.address();
  const port = typeof address === "object" ? address?.port : 0;
  const doors = original["doors"] as { postgres: Record<string, unknown> };
  const { detail } = await refused({
    ...original,
    doors: { postgres: { ...doors.postgres, port } },
    limits: { failedLoginsPerAddress: 1 },
  });
  assert.match(String(detail), /EADDRINUSE/);
  for (let failure = 0; failure < 3; failure++) {
    await assert.rejects(world.connect({ password: "wrong" }), { code: "28P01" });
  }
});

test("good configurations one after another, with logins under way, lose none of them", async () => {
  const client = await world.connect();
  const stop = load();
  for (let round = 0; round < 5; round++)
    await configured({ ...withGuest(), log: { level: round % 2 ? "info" : "debug" } });
  assert.ok((await stop()) > 0);
  await client.query("SELECT 1");
  await client.end();
  await clean.holds();
});

/** The serial number of the certificate that the door shows now. */
async function serial(ca: string): Promise<string> {
  const client = await RawClient.tls({ port: world.gateway.port, ca });
  const { serialNumber } = (client.socket as TLSSocket).getPeerCertificate();
  client.vanish();
  return serialNumber;
}

test("a certificate replaced under load is shown to the next client; a bad pair changes nothing and says so", async () => {
  const directory = dirname(world.caFile);
  const files = { cert: join(directory, "gateway.crt"), key: join(directory, "gateway.key") };
  const old = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  const first = await serial(world.ca);
  const client = await world.connect();
  const stop = load();

  const stray = await createAuthority("stray");
  const other = await stray.server(["localhost"]);
  const complaint = next("config.refused.v1");
  replace(files.key, other.key);
  assert.match(String((await complaint)["detail"]), /is not the key of/);
  assert.equal(await serial(world.ca), first);
  assert.ok((await stop()) > 0);

  const loaded = next("tls.loaded.v1");
  replace(files.cert, other.cert);
  await loaded;
  assert.notEqual(await serial(stray.cert), first);
  await client.query("SELECT 1");

  const back = next("tls.loaded.v1");
  replace(files.key, old.key);
  replace(files.cert, old.cert);
  await back;
  assert.equal(await serial(world.ca), first);
  await client.end();
  await clean.holds();
});
