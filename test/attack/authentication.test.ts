import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Baseline } from "../support/leaks.ts";
import { baseline } from "../support/leaks.ts";
import { RawClient } from "../support/raw-client.ts";
import { passwordMessage, startupPacket, typed } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld();
  clean = await baseline(world);
});
after(() => world.stop());

const PROTOCOL = /^this is not the PostgreSQL protocol as expected here \([0-9a-f]{12}\)$/;
const OAUTH = { options: "-c postern.auth=oauthbearer" };

/** A client that was asked for its token. */
async function asked(parameters: Readonly<Record<string, string>> = {}): Promise<RawClient> {
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  client.send(startupPacket({ user: "ada", database: "postgres", ...parameters }));
  await client.messagesUntil("R");
  return client;
}

/** A message whose length word is a lie. */
function lying(type: string, length: number, body = Buffer.from("x\0")): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0, "latin1");
  head.writeInt32BE(length, 1);
  return Buffer.concat([head, body]);
}

interface Row {
  readonly name: string;
  readonly bytes: () => Buffer;
  readonly code: string;
  readonly text: RegExp;
}

const protocol = (name: string, bytes: () => Buffer): Row => ({ name, bytes, code: "08P01", text: PROTOCOL });
const query = typed("Q", Buffer.from("INSERT INTO items VALUES (1000, 'never')\0"));

const passwords: readonly Row[] = [
  ...["Q", "P", "B", "E", "S", "H", "F", "d", "c", "f", "X", "R", "\0", "\xff"].map((type) =>
    protocol(`attack 5: a message of type ${JSON.stringify(type)} in place of the password`, () =>
      typed(type, Buffer.from("SELECT 1\0")),
    ),
  ),
  protocol("attack 5: a password of length 0", () => lying("p", 0)),
  protocol("attack 5: a password of length 3", () => lying("p", 3)),
  protocol("attack 5: a password of negative length", () => lying("p", -1)),
  protocol("attack 5: a password of the largest length there is", () => lying("p", 2 ** 31 - 1)),
  protocol("attack 5: a password without an end", () => typed("p", Buffer.from("secret"))),
  protocol("attack 5: a password with an empty body", () => typed("p", Buffer.alloc(0))),
  protocol("attack 5: two passwords in one message", () => typed("p", Buffer.from("one\0two\0"))),
  protocol("attack 5: a password that is not UTF-8", () => typed("p", Buffer.from([0xc0, 0x80, 0xff, 0]))),
  protocol("attack 4: a token one byte over the limit", () => passwordMessage("x".repeat(64 * 1024))),
  protocol("attack 4: a token of 1 MB", () => passwordMessage("x".repeat(1024 * 1024))),
  protocol("attack 6: a second startup packet in place of the password", () =>
    startupPacket({ user: "root" }),
  ),
  {
    name: "attack 19: an empty password",
    bytes: () => passwordMessage(""),
    code: "28P01",
    text: /^no token was given; send it as the password/,
  },
  {
    name: "attack 19: the first half of a good token",
    bytes: () => passwordMessage(world.token("ada").slice(0, -40)),
    code: "28P01",
    text: /^the (token is not valid|password is not a valid token)/,
  },
  {
    name: "attack 19: a good token with a blank behind it",
    bytes: () => passwordMessage(`${world.token("ada")} `),
    code: "28P01",
    text: /^the password is not a valid token/,
  },
  {
    name: "attack 21: an MD5 answer that nobody asked for",
    bytes: () => passwordMessage("md5d41d8cd98f00b204e9800998ecf8427e"),
    code: "28P01",
    text: /^the password is not a valid token/,
  },
];

/** A SASLInitialResponse. */
function initial(mechanism: string, response: string, length = Buffer.byteLength(response)): Buffer {
  const size = Buffer.alloc(4);
  size.writeInt32BE(length);
  return typed("p", Buffer.concat([Buffer.from(`${mechanism}\0`), size, Buffer.from(response)]));
}

const bearer = () => `auth=Bearer ${world.token("ada")}`;
const sasl: readonly Row[] = [
  ...["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "PLAIN", "oauthbearer", "OAUTHBEARER ", ""].map(
    (mechanism): Row => ({
      name: `attack 21: the SASL mechanism ${JSON.stringify(mechanism)}`,
      bytes: () => initial(mechanism, `n,,\x01${bearer()}\x01\x01`),
      code: "28000",
      text: /^only the SASL mechanism OAUTHBEARER is offered/,
    }),
  ),
  protocol("attack 21: OAUTHBEARER with channel binding", () =>
    initial("OAUTHBEARER", `p=tls-server-end-point,,\x01${bearer()}\x01\x01`),
  ),
  protocol("attack 21: OAUTHBEARER for somebody else (authzid)", () =>
    initial("OAUTHBEARER", `n,a=root,\x01${bearer()}\x01\x01`),
  ),
  protocol("attack 21: OAUTHBEARER without a terminator", () =>
    initial("OAUTHBEARER", `n,,\x01${bearer()}\x01`),
  ),
  protocol("attack 21: OAUTHBEARER with bytes behind the terminator", () =>
    initial("OAUTHBEARER", `n,,\x01${bearer()}\x01\x01more`),
  ),
  protocol("attack 21: OAUTHBEARER with two tokens", () =>
    initial("OAUTHBEARER", `n,,\x01${bearer()}\x01${bearer()}\x01\x01`),
  ),
  protocol("attack 21: OAUTHBEARER without a token", () => initial("OAUTHBEARER", "n,,\x01host=x\x01\x01")),
  protocol("attack 21: OAUTHBEARER with another scheme", () =>
    initial("OAUTHBEARER", "n,,\x01auth=Basic YWRhOmFkYQ==\x01\x01"),
  ),
  protocol("attack 21: OAUTHBEARER without an initial response", () => initial("OAUTHBEARER", "", -1)),
  protocol("attack 5: an initial response longer than its message", () =>
    initial("OAUTHBEARER", "n,,", 4000),
  ),
  protocol("attack 5: an initial response of length -2", () => initial("OAUTHBEARER", "", -2)),
  protocol("attack 21: a plain password where SASL was asked for", () => passwordMessage(world.token("ada"))),
];

for (const [rows, parameters] of [
  [passwords, {}],
  [sasl, OAUTH],
] as const) {
  for (const { name, bytes, code, text } of rows) {
    test(`${name} is refused, and what came behind it is never run`, async () => {
      const client = await asked(parameters);
      client.send(bytes(), query);
      const refusal = await client.refusal();
      assert.equal(refusal.code, code);
      assert.match(refusal.message, text);
      assert.equal(refusal.severity, "FATAL");
      const [left] = await world.postgres.query(
        "SELECT count(*)::integer AS rows FROM items WHERE id = 1000",
      );
      assert.equal(left?.["rows"], 0);
      await clean.holds();
    });
  }
}

test("attack 21: OAUTHBEARER with a bad token gets the failure document, and then the refusal", async () => {
  const client = await asked(OAUTH);
  client.send(initial("OAUTHBEARER", "n,,\x01auth=Bearer garbage\x01\x01"));
  const { type, body } = await client.message();
  assert.equal(type, "R");
  assert.equal(body.readInt32BE(0), 11);
  assert.deepEqual(JSON.parse(body.toString("utf8", 4)), { status: "invalid_token" });
  client.send(typed("p", Buffer.from("\x01")));
  assert.equal((await client.refusal()).code, "28P01");
  await clean.holds();
});

test("attack 21: OAUTHBEARER with a good token logs in", async () => {
  const client = await asked(OAUTH);
  client.send(initial("OAUTHBEARER", `n,,\x01${bearer()}\x01\x01`));
  await client.messagesUntil("Z");
  client.vanish();
  await clean.holds();
});

const insert = typed("Q", Buffer.from("INSERT INTO items SELECT max(id) + 1, 'early' FROM items\0"));
const startup = startupPacket({ user: "ada", database: "postgres" });
const early = async () =>
  (await world.postgres.query("SELECT count(*)::integer AS rows FROM items WHERE name = 'early'"))[0]?.[
    "rows"
  ];

test("attack 1: a query sent together with a good token reaches the server exactly once, wherever the bytes are cut", async () => {
  const before = Number(await early());
  const behind = Buffer.concat([passwordMessage(world.token("ada")), insert]);
  const cuts = [0, 1, 5, behind.length - insert.length, behind.length - insert.length + 1, behind.length - 1];
  for (const cut of cuts) {
    const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
    client.send(startup, behind.subarray(0, cut));
    await client.messagesUntil("R");
    client.send(behind.subarray(cut));
    await client.messagesUntil("Z");
    await client.messagesUntil("C");
    await client.messagesUntil("Z");
    client.vanish();
  }
  assert.equal(await early(), before + cuts.length);
  await clean.holds();
});

test("attack 1: a query sent together with a bad token is never run", async () => {
  const before = await early();
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  client.send(startup, passwordMessage(world.token("ben")), insert);
  const { code, message } = await client.refusal();
  assert.equal(code, "28000");
  assert.match(message, /is not open to you here/);
  assert.equal(await early(), before);
  await clean.holds();
});

test("attack 12: a client that says another user than its token names is told so, and not who it could be", async () => {
  for (const user of ["ben", "ADA", "ada ", " ada", '"ada"', "аda", "ada\u200b", "root"]) {
    const client = await asked({ user });
    client.send(passwordMessage(world.token("ada")));
    const { code, message } = await client.refusal();
    assert.equal(code, "28000");
    assert.match(
      message,
      /^this role is not open to you here; use a role and a database that are, or ask for access \([0-9a-f]{12}\)$/,
    );
  }
  await clean.holds();
});

test("attack 12: a role of 64 bytes is refused, since the server would cut it down to another one", async () => {
  const name = "r".repeat(63);
  await world.postgres.query(`CREATE ROLE ${name} LOGIN PASSWORD 'upstream-secret-3f9a'`);
  const right = await world.connect({ user: name, password: world.token(name) });
  await right.end();
  for (const user of [`${name}r`, `${name}é`]) {
    await assert.rejects(world.connect({ user, password: world.token(user) }), { code: "08P01" });
    await assert.rejects(world.connect({ user: name, password: world.token(user) }), { code: "28000" });
  }
  await clean.holds();
});

test("attack 12: quotes, semicolons and commas in a role's name are just a name", async () => {
  for (const role of ['we"ird', "o'brien", "a;DROP TABLE items", "x, root", "user=root dbname=x", "%s\\n"]) {
    await world.postgres.query(
      `CREATE ROLE "${role.replaceAll('"', '""')}" LOGIN PASSWORD 'upstream-secret-3f9a'`,
    );
    const client = await world.connect({ user: role, password: world.token(role) });
    const { rows } = await client.query("SELECT session_user AS who");
    assert.equal(rows[0]["who"], role);
    await client.end();
  }
  await clean.holds();
});
