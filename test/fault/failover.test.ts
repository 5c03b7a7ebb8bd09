import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import { type DebianPair, debianPostgresMissing, startDebianPair } from "../support/debian-postgres.ts";
import { eventually } from "../support/eventually.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";

/** Clients that log in, ask and leave, again and again. */
const CLIENTS = 8;

const keys = newKeyPair("EdDSA");
let pair: DebianPair;
let gateway: Gateway;

before(async () => {
  if (debianPostgresMissing !== false) return;
  pair = await startDebianPair("CREATE ROLE app LOGIN");
  gateway = await startGateway({
    doors: { postgres: { port: 0 } },
    issuers: [{ name: "test", keys: { pem: [keys.publicPem] } }],
    clusters: [
      {
        name: "main",
        hosts: [pair.primary, pair.standby].map(({ port }) => ({ host: "127.0.0.1", port })),
        targetSessionAttrs: "primary",
        connectTimeout: "10s",
        tls: { mode: "disable" },
        login: { method: "trust" },
      },
    ],
    limits: { failedLoginsPerAddress: 0 },
  });
});

after(async () => {
  await gateway?.stop();
  await pair?.stop();
});

/** One whole visit. Resolves with the port of the server that answered, or undefined when there was none. */
async function visit(): Promise<string | undefined> {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const password = mintToken(keys.privatePem, { sub: "app", exp });
  const client = new pg.Client({
    host: "127.0.0.1",
    port: gateway.port,
    user: "app",
    database: "postgres",
    password,
  });
  client.on("error", () => {}); // the server may be killed at any time
  try {
    await client.connect();
    const { rows } = await client.query("SHOW port");
    return String(rows[0]["port"]);
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => {});
  }
}

test("a failover under load: logins fail while there is no primary, and succeed at the new one without a restart", {
  skip: debianPostgresMissing,
}, async () => {
  let answered: (string | undefined)[] = [];
  let going = true;
  const visitors = Array.from({ length: CLIENTS }, async () => {
    while (going) {
      const current = answered; // an answer counts where its visit began
      current.push(await visit());
    }
  });
  const { primary, standby } = pair;
  const seen = (port: number | undefined) => answered.includes(port === undefined ? undefined : String(port));
  await eventually("logins at the primary", () => seen(primary.port));
  await primary.kill();
  await eventually("a login that fails", () => seen(undefined));
  assert.ok(!seen(standby.port), "nobody is sent to a standby");
  await standby.promote();
  await eventually("logins at the new primary", () => seen(standby.port));
  answered = [];
  await eventually("many logins, none of which fails", () => answered.length >= 5 * CLIENTS);
  going = false;
  await Promise.all(visitors);
  assert.deepEqual([...new Set(answered)], [String(standby.port)]);
});
