/** What PostgreSQL's protocol offers, through the door: by raw messages where drivers hide them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import type { Message } from "../support/raw-client.ts";
import { RawClient, rowValues } from "../support/raw-client.ts";
import {
  cancelRequest,
  int16,
  int32,
  passwordMessage,
  reportFields,
  startupPacket,
  text,
  typed,
} from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

const VERSION_3_0 = 3 << 16;
const VERSION_3_2 = (3 << 16) | 2;
/** A minor version that will never be: clients ask for it to see that servers negotiate. */
const GREASE_VERSION = (3 << 16) | 9999;
const WHERE = "https://issuer.test/.well-known/openid-configuration";

let world: World;
before(async () => {
  world = await startWorld({
    cluster: { replicationRoles: ["repl"] },
    door: { oauth: { openidConfiguration: WHERE, scope: "database" } },
    postgres: { sql: "CREATE PUBLICATION all_items FOR TABLE items;" },
  });
});
after(() => world.stop());

type Parameters = Readonly<Record<string, string>>;

const connect = () => RawClient.tls({ port: world.gateway.port, ca: world.ca });

/** Logs in with a token for `user`; resolves with what the gateway said after the password, up to ReadyForQuery. */
async function logIn(user: string, parameters: Parameters = {}, version = VERSION_3_0) {
  const client = await connect();
  client.send(startupPacket({ user, database: "postgres", ...parameters }, version));
  const greeting = await client.messagesUntil("R");
  client.send(passwordMessage(world.token(user)));
  return { client, greeting, welcome: await client.messagesUntil("Z") };
}

const typesOf = (messages: readonly Message[]) => messages.map(({ type }) => type).join("");
const rowsOf = (messages: readonly Message[]) =>
  messages.filter(({ type }) => type === "D").map(({ body }) => rowValues(body));
const errorsOf = (messages: readonly Message[]) =>
  messages.filter(({ type }) => type === "E").map(({ body }) => reportFields(body)["C"]);

const message = (type: string, ...parts: readonly Buffer[]) => typed(type, Buffer.concat(parts));
const parse = (sql: string, name = "") => message("P", text(name), text(sql), int16(0));
const bind = (portal = "", statement = "") => message("B", text(portal), text(statement), int16(0, 0, 0));
const execute = (portal = "", rows = 0) => message("E", text(portal), int32(rows));
const sync = message("S");

/** The key data of a session: what its client sends to cancel. */
function keyOf(welcome: readonly Message[]): { readonly processId: number; readonly key: Buffer } {
  const body = welcome.find(({ type }) => type === "K")?.body ?? assert.fail("no BackendKeyData");
  return { processId: body.readInt32BE(0), key: body.subarray(4) };
}

function assertNegotiated(greeting: readonly Message[], minor: number, options: readonly string[]): void {
  const [negotiation] = greeting;
  assert.equal(negotiation?.type, "v");
  const expected = [int32((3 << 16) | minor, options.length), ...options.map(text)];
  assert.deepEqual(negotiation?.body, Buffer.concat(expected));
}

async function asksWho(client: RawClient, user: string): Promise<void> {
  assert.deepEqual(rowsOf(await client.query("SELECT current_user")), [[user]]);
  client.vanish();
}

test("protocol 3.0 gets cancel keys of 4 bytes, and nothing to negotiate", async () => {
  const { client, greeting, welcome } = await logIn("ada");
  assert.equal(typesOf(greeting), "R");
  assert.equal(keyOf(welcome).key.length, 4);
  await asksWho(client, "ada");
});

test("protocol 3.2 gets cancel keys of 32 bytes, and nothing to negotiate", async () => {
  const { client, greeting, welcome } = await logIn("ada", {}, VERSION_3_2);
  assert.equal(typesOf(greeting), "R");
  assert.equal(keyOf(welcome).key.length, 32);
  await asksWho(client, "ada");
});

test("a newer minor version and unknown protocol options are negotiated down, and the login goes on", async () => {
  const grease = { "_pq_.test_protocol_negotiation": "", "_pq_.another": "on" };
  const { client, greeting, welcome } = await logIn("ada", grease, GREASE_VERSION);
  assertNegotiated(greeting, 2, Object.keys(grease));
  assert.equal(keyOf(welcome).key.length, 32);
  await asksWho(client, "ada");
});

test("an unknown protocol option of a 3.0 client is named, and the version stays", async () => {
  const { client, greeting, welcome } = await logIn("ada", { "_pq_.command_tag": "1" });
  assertNegotiated(greeting, 0, ["_pq_.command_tag"]);
  assert.equal(keyOf(welcome).key.length, 4);
  await asksWho(client, "ada");
});

for (const [name, version] of [
  ["2.0", 2 << 16],
  ["4.0", 4 << 16],
] as const)
  test(`protocol ${name} is refused, and the versions that are spoken are named`, async () => {
    const client = await connect();
    client.send(startupPacket({ user: "ada" }, version));
    const { code, message: said } = await client.refusal();
    assert.equal(code, "0A000");
    assert.match(said, /use 3\.0 or 3\.2/);
  });

for (const [how, version, tls] of [
  ["a key of 4 bytes in plain text", VERSION_3_0, false],
  ["a key of 32 bytes over TLS", VERSION_3_2, true],
] as const)
  test(`a running query is cancelled with ${how}`, async () => {
    const { client, welcome } = await logIn("ada", {}, version);
    const { processId, key } = keyOf(welcome);
    client.send(typed("Q", text("SELECT pg_sleep(60)")));
    await eventually("the query runs", async () => {
      const sql = `SELECT 1 FROM pg_stat_activity WHERE pid = ${processId} AND wait_event = 'PgSleep'`;
      return (await world.postgres.query(sql)).length > 0;
    });
    const canceller = tls ? await connect() : await RawClient.plain({ port: world.gateway.port });
    canceller.send(cancelRequest(processId, key));
    await canceller.gone();
    assert.deepEqual(errorsOf(await client.messagesUntil("Z")), ["57014"]);
    await asksWho(client, "ada");
  });

test("a portal is read in parts, and other queries run while it is suspended", async () => {
  const { client } = await logIn("ada");
  client.send(typed("Q", text("BEGIN")));
  await client.messagesUntil("Z");
  client.send(
    parse("SELECT id FROM items ORDER BY id LIMIT 5", "five"),
    bind("part", "five"),
    execute("part", 2),
    sync,
  );
  const first = await client.messagesUntil("Z");
  assert.equal(typesOf(first), "12DDsZ");
  client.send(parse("SELECT 'between'"), bind(), execute(), execute("part", 2), sync);
  const second = await client.messagesUntil("Z");
  assert.equal(typesOf(second), "12DCDDsZ");
  client.send(execute("part", 2), message("C", text("Ppart")), sync);
  const third = await client.messagesUntil("Z");
  assert.equal(typesOf(third), "DC3Z");
  assert.deepEqual(rowsOf([...first, ...second, ...third]).flat(), ["1", "2", "between", "3", "4", "5"]);
  client.vanish();
});

test("a pipeline is answered in order, and an error skips to its Sync only", async () => {
  const { client } = await logIn("ada");
  const one = (sql: string) => [parse(sql), bind(), execute()];
  client.send(...one("SELECT 1"), ...one("SELECT 1/0"), ...one("SELECT 2"), sync, ...one("SELECT 3"), sync);
  const first = await client.messagesUntil("Z");
  assert.deepEqual([rowsOf(first), errorsOf(first)], [[["1"]], ["22012"]]);
  assert.deepEqual(rowsOf(await client.messagesUntil("Z")), [["3"]]);
  client.vanish();
});

test("COPY goes out and in, and an aborted COPY leaves the session usable", async () => {
  const { client } = await logIn("ada");
  const out = await client.query("COPY (SELECT id, name FROM items WHERE id <= 2 ORDER BY id) TO STDOUT");
  assert.equal(typesOf(out), "HddcCZ");
  assert.equal(Buffer.concat(out.slice(1, 3).map(({ body }) => body)).toString(), "1\titem 1\n2\titem 2\n");
  const copyIn = async (...parts: readonly Buffer[]) => {
    client.send(typed("Q", text("COPY items FROM STDIN")));
    await client.messagesUntil("G");
    client.send(...parts);
    return client.messagesUntil("Z");
  };
  const rows = message("d", Buffer.from("1001\tcopied\n1002\tcopied\n"));
  assert.deepEqual(errorsOf(await copyIn(rows, message("c"))), []);
  assert.deepEqual(errorsOf(await copyIn(rows, message("f", text("changed my mind")))), ["57014"]);
  const counted = await client.query("SELECT count(*) FROM items WHERE name = 'copied'");
  assert.deepEqual(rowsOf(counted), [["2"]]);
  client.vanish();
});

test("large objects are written and read by function calls, as libpq and JDBC do it", async () => {
  const { client } = await logIn("ada");
  const names = ["lo_create", "lo_open", "lowrite", "lo_lseek", "loread"];
  const quoted = names.map((name) => `'${name}'`).join(",");
  const found = rowsOf(
    await client.query(`SELECT proname, oid FROM pg_proc WHERE proname IN (${quoted}) AND pronamespace = 11`),
  );
  const oids = new Map(found.map(([name, oid]) => [name, Number(oid)]));
  const call = async (name: string, ...values: readonly Buffer[]) => {
    const parts = values.flatMap((value) => [int32(value.length), value]);
    const head = [int32(oids.get(name) ?? 0), int16(1, 1, values.length)];
    client.send(message("F", ...head, ...parts, int16(1)));
    const answer = await client.messagesUntil("Z");
    assert.deepEqual(errorsOf(answer), [], name);
    return answer.find(({ type }) => type === "V")?.body.subarray(4) ?? Buffer.alloc(0);
  };
  await client.query("BEGIN");
  const object = await call("lo_create", int32(0));
  const READ_WRITE = 0x60000;
  const descriptor = await call("lo_open", object, int32(READ_WRITE));
  const content = Buffer.alloc(300_000, "large ");
  assert.deepEqual(await call("lowrite", descriptor, content), int32(content.length));
  await call("lo_lseek", descriptor, int32(0), int32(0));
  assert.deepEqual(await call("loread", descriptor, int32(content.length)), content);
  await client.query("ROLLBACK");
  client.vanish();
});

/** Reads CopyData until `wanted` is in one of them. */
async function streamedUntil(client: RawClient, wanted: string): Promise<Buffer> {
  for (;;) {
    const { type, body } = await client.message();
    assert.equal(type, "d", body.toString("latin1"));
    if (body.includes(wanted)) return body;
  }
}

/** "Standby status update": what was received, written and applied. */
function statusUpdate(position: bigint): Buffer {
  const body = Buffer.alloc(34);
  body.write("r");
  for (const offset of [1, 9, 17]) body.writeBigUInt64BE(position, offset);
  return message("d", body);
}

/** `1/A0` as a number. */
function position(lsn: string): bigint {
  const [high = "0", low = "0"] = lsn.split("/");
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** Ends streaming as pg_receivewal and pg_recvlogical do, and shows that the connection is good for another command. */
async function stopStreaming(client: RawClient): Promise<void> {
  client.send(message("c"));
  await client.messagesUntil("Z");
  assert.equal(rowsOf(await client.query("IDENTIFY_SYSTEM")).length, 1);
  client.vanish();
}

test("logical replication streams changes to a role that may replicate", async () => {
  const { client } = await logIn("repl", { replication: "database" });
  const made = await client.query("CREATE_REPLICATION_SLOT through_the_door TEMPORARY LOGICAL pgoutput");
  const [[slot, start] = []] = rowsOf(made);
  assert.equal(slot, "through_the_door");
  client.send(
    typed(
      "Q",
      text(
        `START_REPLICATION SLOT through_the_door LOGICAL ${start} (proto_version '1', publication_names 'all_items')`,
      ),
    ),
  );
  await client.messagesUntil("W");
  await world.postgres.query("INSERT INTO items VALUES (2001, 'streamed by logic')");
  const change = await streamedUntil(client, "streamed by logic");
  client.send(statusUpdate(change.readBigUInt64BE(1)));
  await stopStreaming(client);
});

test("physical replication streams the write-ahead log to a role that may replicate", async () => {
  const { client } = await logIn("repl", { replication: "true" });
  const [[, timeline, flushed] = []] = rowsOf(await client.query("IDENTIFY_SYSTEM"));
  const start = flushed ?? assert.fail("no position");
  client.send(typed("Q", text(`START_REPLICATION PHYSICAL ${start} TIMELINE ${timeline}`)));
  await client.messagesUntil("W");
  await world.postgres.query("INSERT INTO items VALUES (2002, 'streamed as bytes')");
  await streamedUntil(client, "streamed as bytes");
  client.send(statusUpdate(position(start)));
  await stopStreaming(client);
});

test("a role that may not replicate is refused a replication connection", async () => {
  for (const replication of ["database", "true"]) {
    const client = await connect();
    client.send(startupPacket({ user: "ada", database: "postgres", replication }));
    await client.messagesUntil("R");
    client.send(passwordMessage(world.token("ada")));
    const { code, message: said } = await client.refusal();
    assert.equal(code, "28000");
    assert.match(said, /^this role may not open replication connections \(/);
  }
});

const BY_OAUTH = { options: "-c postern.auth=oauthbearer" };
const AUTHENTICATION_OK = int32(0);

/** A SASLInitialResponse. */
function initialResponse(content: string, mechanism = "OAUTHBEARER"): Buffer {
  return message("p", text(mechanism), int32(Buffer.byteLength(content)), Buffer.from(content));
}

async function askedForOauth(): Promise<RawClient> {
  const client = await connect();
  client.send(startupPacket({ user: "ada", database: "postgres", ...BY_OAUTH }));
  const request = (await client.messagesUntil("R")).at(-1)?.body;
  assert.deepEqual(request, Buffer.concat([int32(10), text("OAUTHBEARER"), Buffer.alloc(1)]));
  return client;
}

test("OAUTHBEARER takes the token as a bearer", async () => {
  const client = await askedForOauth();
  client.send(initialResponse(`n,,\x01auth=Bearer ${world.token("ada")}\x01\x01`));
  const [ok] = await client.messagesUntil("Z");
  assert.deepEqual(ok, { type: "R", body: AUTHENTICATION_OK });
  await asksWho(client, "ada");
});

for (const [what, auth] of [
  ["without a token learns where to get one", ""],
  ["with a bad token learns where to get a good one", "Bearer bad.token.here"],
] as const)
  test(`OAUTHBEARER ${what}, and is refused`, async () => {
    const client = await askedForOauth();
    client.send(initialResponse(`n,,\x01auth=${auth}\x01\x01`));
    const challenge = (await client.messagesUntil("R")).at(-1)?.body ?? Buffer.alloc(0);
    assert.equal(challenge.readInt32BE(0), 11);
    assert.deepEqual(JSON.parse(challenge.toString("utf8", 4)), {
      status: "invalid_token",
      scope: "database",
      "openid-configuration": WHERE,
    });
    client.send(message("p", Buffer.from("\x01")));
    assert.equal((await client.refusal()).code, "28P01");
  });

test("a SASL mechanism that was not offered is refused by name", async () => {
  const client = await askedForOauth();
  client.send(initialResponse("n,,n=,r=nonce", "SCRAM-SHA-256"));
  const { code, message: said } = await client.refusal();
  assert.equal(code, "28000");
  assert.match(said, /only the SASL mechanism OAUTHBEARER/);
});
