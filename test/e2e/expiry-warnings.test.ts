/** A client is warned before its session ends by itself, whatever it is doing. The clock is turned by hand. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { Daemon } from "../../src/daemon/daemon.ts";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import { VirtualClock } from "../support/clock.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres.ts";
import { RawClient } from "../support/raw-client.ts";
import { reportFields, typed } from "../support/wire-bytes.ts";

const MINUTE = 60_000;
const keys = newKeyPair("EdDSA");
let postgres: TestPostgres;
before(async () => {
  postgres = await startPostgres({
    tls: false,
    hba: ["host all all 127.0.0.1/32 trust"],
    sql: "CREATE ROLE ada LOGIN; CREATE TABLE items (id int); GRANT ALL ON items TO ada; INSERT INTO items VALUES (1);",
  });
});
after(() => postgres.stop());

interface Node {
  readonly clock: VirtualClock;
  /** Logs in with a token that is good for so long. */
  logIn(lifeMs: number): Promise<RawClient>;
}

async function node(t: { after(fn: () => unknown): void }, limits: object = {}): Promise<Node> {
  const clock = new VirtualClock();
  const loaded = loadConfig({
    env: {},
    source: "test",
    value: {
      doors: { postgres: { port: 0 } },
      issuers: [{ name: "test", keys: { pem: [keys.publicPem] } }],
      clusters: [
        {
          name: "main",
          hosts: [{ host: "127.0.0.1", port: postgres.port }],
          tls: { mode: "disable" },
          login: { method: "trust" },
        },
      ],
      limits,
    },
  });
  assert.equal(loaded.kind, "ok");
  const daemon = await Daemon.start(loaded.config, { clock, observe: () => {} });
  t.after(() => daemon.stop(AbortSignal.abort()));
  const port = daemon.addresses.postgres?.port ?? 0;
  return {
    clock,
    logIn: async (lifeMs) => {
      const client = await RawClient.plain({ port });
      const [iat, exp] = [clock.now(), clock.now() + lifeMs].map((ms) => Math.floor(ms / 1000));
      await client.logIn("ada", mintToken(keys.privatePem, { sub: "ada", iat: iat ?? 0, exp: exp ?? 0 }));
      return client;
    },
  };
}

async function warning(client: RawClient): Promise<string> {
  const { type, body } = await client.message();
  const fields = reportFields(body);
  assert.deepEqual([type, fields["S"], fields["V"], fields["C"]], ["N", "NOTICE", "NOTICE", "00000"]);
  return (fields["M"] ?? "").replace(/ \([0-9a-f]{12}\)$/, "");
}

const query = (sql: string) => typed("Q", Buffer.from(`${sql}\0`));

/** What a session is at when its warning comes. */
const STATES: Readonly<Record<string, (client: RawClient) => Promise<unknown>>> = {
  idle: async () => {},
  "in a transaction": (client) => client.query("BEGIN"),
  "in a failed transaction": async (client) => {
    await client.query("BEGIN");
    await client.query("SELECT 1/0");
  },
  "sending rows by COPY": async (client) => {
    client.send(query("COPY items FROM STDIN"), typed("d", Buffer.from("2\n")));
    await client.messagesUntil("G");
  },
};

suite("the warning of a session's end", () => {
  for (const [state, bring] of Object.entries(STATES))
    test(`it reaches a client that is ${state}, five minutes and one minute before`, async (t) => {
      const { clock, logIn } = await node(t);
      const client = await logIn(10 * MINUTE);
      await bring(client);
      clock.advance(5 * MINUTE);
      assert.equal(
        await warning(client),
        "the session ends in 5 minutes, at 00:10:00 UTC, when its time is over",
      );
      clock.advance(4 * MINUTE);
      assert.equal(
        await warning(client),
        "the session ends in 1 minute, at 00:10:00 UTC, when its time is over",
      );
      client.vanish();
    });

  test("it reaches a client that waits for a lock, and the answer comes behind it", async (t) => {
    const { clock, logIn } = await node(t);
    const holder = await logIn(60 * MINUTE);
    await holder.query("BEGIN");
    await holder.query("LOCK TABLE items");
    const client = await logIn(6 * MINUTE);
    client.send(query("SELECT count(*) FROM items"));
    clock.advance(MINUTE);
    assert.match(await warning(client), /^the session ends in 5 minutes/);
    await holder.query("COMMIT");
    const types = (await client.messagesUntil("Z")).map(({ type }) => type);
    assert.deepEqual(types, ["T", "D", "C", "Z"]);
    client.vanish();
    holder.vanish();
  });

  test("a session that begins with less time left gets the warnings that are still to come", async (t) => {
    const { clock, logIn } = await node(t);
    const client = await logIn(3 * MINUTE);
    clock.advance(2 * MINUTE);
    assert.match(await warning(client), /^the session ends in 1 minute,/);
    client.vanish();
  });

  test("a warning that is late, because the machine slept, says what is really left", async (t) => {
    const { clock, logIn } = await node(t);
    const client = await logIn(10 * MINUTE);
    clock.step(7 * MINUTE);
    clock.advance(5000);
    assert.match(await warning(client), /^the session ends in 175 seconds,/);
    client.vanish();
  });

  test("nobody is warned where the configuration has no warnings, and all as often as it says", async (t) => {
    const silent = await node(t, { expiryWarnings: [] });
    const client = await silent.logIn(2 * MINUTE);
    silent.clock.advance(MINUTE + 30_000);
    const [first] = await client.query("SELECT 1");
    assert.equal(first?.type, "T");
    client.vanish();
    const { clock, logIn } = await node(t, { expiryWarnings: ["90s", "30s"] });
    const other = await logIn(2 * MINUTE);
    clock.advance(30_000);
    assert.match(await warning(other), /^the session ends in 90 seconds/);
    clock.advance(60_000);
    assert.match(await warning(other), /^the session ends in 30 seconds/);
    other.vanish();
  });
});
