import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually, SOON_MS, withinSeconds } from "../support/eventually.ts";
import type { Baseline } from "../support/leaks.ts";
import { backends, baseline, socketsOf } from "../support/leaks.ts";
import type { Refusal } from "../support/raw-client.ts";
import { RawClient } from "../support/raw-client.ts";
import { reportFields, typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

/** How long the tokens of these tests are good for. A machine on which that is too short is given longer ones. */
const TOKEN_S = 3;
/** The timers of two processes that look at one clock. */
const EARLY_MS = 50;

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld();
  clean = await baseline(world);
});
after(() => world.stop());

interface Doomed {
  readonly client: RawClient;
  /** When its token ends, milliseconds since the epoch. */
  readonly end: number;
}

/** A session that was brought into some state before its token ended. */
function doomed(prepare: (client: RawClient) => Promise<unknown>): Promise<Doomed> {
  return withinSeconds(TOKEN_S, async (seconds) => {
    const exp = Math.floor(Date.now() / 1000) + seconds;
    const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
    await client.logIn("ada", world.token("ada", { exp }));
    await prepare(client);
    return { client, end: exp * 1000 };
  });
}

/** Not before the end of the token, and soon after it. */
function endedInTime({ end }: Doomed): void {
  const late = Date.now() - end;
  assert.ok(late > -EARLY_MS && late < SOON_MS, `closed ${late} ms after the token's end`);
}

/** The connection ends in time, and so does the server process. */
async function ends(session: Doomed): Promise<void> {
  await session.client.gone();
  endedInTime(session);
  await eventually("the server process is gone", async () => (await backends(world)).length === 0);
}

/** The last thing that the client was told. */
async function farewell({ client }: Doomed): Promise<Refusal> {
  for (;;) {
    const { type, body } = await client.message();
    const fields = type === "E" ? reportFields(body) : {};
    if (fields["V"] === "FATAL")
      return { severity: fields["V"], code: fields["C"] ?? "", message: fields["M"] ?? "" };
  }
}

async function isTold(session: Doomed): Promise<void> {
  const { code, message } = await farewell(session);
  assert.equal(code, "57P01");
  assert.match(
    message,
    /^the session ended because its token has expired; connect with a new token \([0-9a-f]{12}\)$/,
  );
}

const query = (sql: string) => typed("Q", Buffer.from(`${sql}\0`));
const parse = (sql: string) => typed("P", Buffer.from(`\0${sql}\0\0\0`));
const bind = typed("B", Buffer.alloc(8));
const execute = typed("E", Buffer.from("\0\0\0\0\0"));
const flush = typed("H", Buffer.alloc(0));

interface Row {
  readonly when: string;
  readonly told: boolean;
  /** Brings the session into the state in which its token ends. */
  readonly prepare: (client: RawClient) => Promise<void>;
}

const rows: readonly Row[] = [
  { when: "idle", told: true, prepare: async () => {} },
  {
    when: "idle in a transaction",
    told: true,
    prepare: async (client) => {
      await client.query("BEGIN; INSERT INTO items VALUES (1000, 'never')");
    },
  },
  {
    when: "idle in a failed transaction",
    told: true,
    prepare: async (client) => {
      await client.query("BEGIN; SELECT 1/0");
    },
  },
  { when: "in pg_sleep", told: true, prepare: async (client) => client.send(query("SELECT pg_sleep(60)")) },
  {
    when: "in COPY out, with a client that reads",
    told: false,
    prepare: async (client) =>
      client.send(query("COPY (SELECT pg_sleep(0.05), n FROM generate_series(1, 100000) AS n) TO STDOUT")),
  },
  {
    when: "in COPY in, between two rows",
    told: true,
    prepare: async (client) => {
      client.send(query("COPY items FROM STDIN"));
      await client.messagesUntil("G");
      client.send(typed("d", Buffer.from("1000\tnever\n")));
    },
  },
  {
    when: "in COPY in, in the middle of a message",
    told: true,
    prepare: async (client) => {
      client.send(query("COPY items FROM STDIN"));
      await client.messagesUntil("G");
      client.send(typed("d", Buffer.from("1000\tnever\n")).subarray(0, 8));
    },
  },
  {
    when: "in a pipeline that was not synced",
    told: true,
    prepare: async (client) => {
      client.send(parse("SELECT 1"), bind, execute, flush);
      await client.messagesUntil("C");
    },
  },
  {
    when: "in the middle of a message of its own",
    told: true,
    prepare: async (client) => client.send(query("SELECT 1").subarray(0, 6)),
  },
  {
    when: "with a portal suspended",
    told: true,
    prepare: async (client) => {
      client.send(
        parse("SELECT generate_series(1, 10)"),
        bind,
        typed("E", Buffer.from([0, 0, 0, 0, 1])),
        flush,
      );
      await client.messagesUntil("s");
    },
  },
];

// Side by side, since each waits for its token's end.
describe("attack 17: a token that ends", { concurrency: true }, () => {
  after(() => clean.holds());
  for (const { when, told, prepare } of rows) {
    test(`attack 17: a token that ends while its session is ${when} ends the session`, async () => {
      const session = await doomed(prepare);
      if (told) await isTold(session);
      await ends(session);
      const [left] = await world.postgres.query(
        "SELECT count(*)::integer AS rows FROM items WHERE name = 'never'",
      );
      assert.equal(left?.["rows"], 0);
    });
  }
});

test("attack 17: a token that ends while its session waits for a lock ends the session", async () => {
  const holder = await world.connect();
  await holder.query("BEGIN; SELECT * FROM items WHERE id = 1 FOR UPDATE");
  const session = await doomed(async (client) =>
    client.send(query("UPDATE items SET name = 'never' WHERE id = 1")),
  );
  await isTold(session);
  await session.client.gone();
  endedInTime(session);
  await holder.query("COMMIT");
  await holder.end();
  await clean.holds();
});

test("attack 17: a token that ends while its client reads nothing ends the session", async () => {
  let open = 0;
  const session = await doomed(async (client) => {
    client.send(query("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 1000000)) TO STDOUT"));
    await client.bytes(1);
    client.socket.pause();
    open = socketsOf(world.gateway.pid);
  });
  await eventually("the gateway has closed the connection", () => socketsOf(world.gateway.pid) < open);
  endedInTime(session);
  session.client.vanish();
  await clean.holds();
});

/** Catches each request to cancel it. */
const LOOP =
  "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$";

test("attack 17: code that catches its cancellation ends with its token all the same", async () => {
  const session = await doomed(async (client) => client.send(query(LOOP)));
  await isTold(session);
  await ends(session);
  await clean.holds();
});

test("attack 17: a pipeline is not worked off when its token has ended", async () => {
  const session = await doomed(async (client) => {
    client.send(query("SELECT pg_sleep(60)"));
    for (let id = 2000; id < 2100; id++)
      client.send(query(`INSERT INTO items SELECT ${id}, 'never' FROM pg_sleep(0.5)`));
  });
  await isTold(session);
  await ends(session);
  const [left] = await world.postgres.query("SELECT 1 FROM items WHERE name = 'never'");
  assert.equal(left, undefined);
  await clean.holds();
});

test("attack 17: code that catches its cancellation ends when its client vanishes", async () => {
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  await client.logIn("ada", world.token("ada"));
  client.send(query(LOOP));
  await eventually("it runs", async () => (await backends(world)).some(({ state }) => state === "active"));
  client.vanish();
  await clean.holds();
});

test("attack 17: a query whose client has said goodbye runs on, until its token ends", async () => {
  const session = await doomed(async (client) => {
    client.send(query(LOOP), typed("X", Buffer.alloc(0)));
    client.socket.end();
    await client.gone();
    await eventually("it runs", async () => (await backends(world)).some(({ state }) => state === "active"));
  });
  await eventually("the server process is gone", async () => (await backends(world)).length === 0);
  endedInTime(session);
  await clean.holds();
});

test("attack 17: onExpiry: keep keeps the session", async () => {
  const lasting = await startWorld({ cluster: { onExpiry: "keep" } });
  try {
    const { client, exp } = await withinSeconds(TOKEN_S, async (seconds) => {
      const ends = Math.floor(Date.now() / 1000) + seconds;
      const password = lasting.token("ada", { exp: ends });
      return { client: await lasting.connect({ password }), exp: ends };
    });
    const leeway = 1500; // what ends with its token ends within this long
    await eventually("the token has ended", () => Date.now() > exp * 1000 + leeway);
    await client.query("SELECT 1");
    await client.end();
    await assert.rejects(lasting.connect({ password: lasting.token("ada", { exp }) }), { code: "28P01" });
  } finally {
    await lasting.stop();
  }
});

test("attack 17: maxSession ends a session whose token is good for longer", async () => {
  const short = await startWorld({ cluster: { maxSession: "1s" } });
  try {
    const client = await RawClient.tls({ port: short.gateway.port, ca: short.ca });
    await client.logIn("ada", short.token("ada"));
    const { code, message } = await client.refusal();
    assert.equal(code, "57P01");
    assert.match(message, /it reached the longest time allowed/);
  } finally {
    await short.stop();
  }
});
