import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import pg from "pg";
import type { Baseline } from "../support/leaks.ts";
import { baseline } from "../support/leaks.ts";
import { RawClient, rowValues } from "../support/raw-client.ts";
import { passwordMessage, startupPacket } from "../support/wire-bytes.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

let world: World;
let clean: Baseline;
before(async () => {
  world = await startWorld();
  clean = await baseline(world);
});
after(() => world.stop());

/** Says hello with these parameters. */
async function hello(parameters: Readonly<Record<string, string>>, version?: number): Promise<RawClient> {
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  client.send(startupPacket({ user: "ada", database: "postgres", ...parameters }, version));
  return client;
}

const refusedNames = [
  "role",
  "ROLE",
  "Role",
  "session_authorization",
  "SESSION_AUTHORIZATION",
  "session-authorization",
  "is_superuser",
  "postern.client",
  "POSTERN.CLIENT",
];

const refusedOptions = [
  "-c role=root",
  "-crole=root",
  "-c ROLE=root",
  "--role=root",
  "--ROLE=root",
  "-c\trole=root",
  "  -c   role=root",
  "-c r\\ole=root",
  "\\-c role=root",
  "-\\c role=root",
  "-c session_authorization=root",
  "-c session-authorization=root",
  "--session-authorization=root",
  "--session_authorization=root",
  "-c is_superuser=on",
  "-c search_path=public -c role=root",
  "-c search_path=public --role=root",
  "--search_path=public -crole=root",
  "-c search_path=a\\ b -c role=root",
  "-c postern.client=somebody",
  "-c postern.auth=trust",
  "-c role",
  "-c",
  "--role",
  "-d 5",
  "-e",
  "-F -c role=root",
  "-o -crole=root",
  "-S 1",
  "-v 196608",
  "root",
  "-c =x",
  "-c=",
  "--=x",
];

test("attack 6: without the gateway, role in the startup options does change who one is", async () => {
  for (const options of ["-c role=ada", "-crole=ada", "--role=ada", "-c ROLE=ada", "-c r\\ole=ada"]) {
    const { port } = world.postgres;
    const client = new pg.Client({
      host: "127.0.0.1",
      port,
      user: "test_admin",
      database: "postgres",
      options,
    });
    await client.connect();
    const { rows } = await client.query("SELECT current_user AS who");
    assert.equal(rows[0]["who"], "ada", options);
    await client.end();
  }
});

for (const [what, parameters] of [
  ...refusedNames.map((name) => [name, { [name]: "root" }] as const),
  ...refusedOptions.map((options) => [`options ${JSON.stringify(options)}`, { options }] as const),
]) {
  test(`attack 6: the startup parameter ${what} is refused before the token is asked for`, async () => {
    const client = await hello(parameters);
    const { code, message, severity } = await client.refusal();
    assert.equal(severity, "FATAL");
    assert.equal(code, "42501");
    assert.match(message, /^a startup parameter would change who you are and is refused \([0-9a-f]{12}\)$/);
    await clean.holds();
  });
}

for (const replication of [
  "true",
  "TRUE",
  "on",
  "yes",
  "1",
  "t",
  "tr",
  "y",
  "database",
  "DATABASE",
  " true",
  "2",
]) {
  test(`attack 6: replication=${JSON.stringify(replication)} needs a permission that ada has not`, async () => {
    const client = await hello({ replication });
    await client.messagesUntil("R");
    client.send(passwordMessage(world.token("ada")));
    const { code, message } = await client.refusal();
    assert.equal(code, "28000");
    assert.match(message, /^this role may not open replication connections/);
    await clean.holds();
  });
}

for (const [name, value] of [
  ["Replication", "true"],
  ["REPLICATION", "database"],
  ["application_name\u0000", "x"],
  ["session_replication_role", "replica"],
  ["local_preload_libraries", "/tmp/evil"],
  ["no_such_setting", "x"],
] as const) {
  test(`attack 6: ${JSON.stringify(name)} goes to the server, which refuses it, and its words reach the client`, async () => {
    const client = await hello({
      [name.replaceAll("\u0000", "")]: name.includes("\u0000") ? "\xff".repeat(10) : value,
    });
    await client.messagesUntil("R");
    client.send(passwordMessage(world.token("ada")));
    if (name.includes("\u0000")) await client.messagesUntil("Z");
    else assert.match((await client.refusal()).code, /^(42501|42704|22023|58P01|55P02)$/);
    client.vanish();
    await clean.holds();
  });
}

for (const replication of ["false", "FALSE", "off", "no", "0", "f", "n"]) {
  test(`attack 6: replication=${replication} is an ordinary session`, async () => {
    const client = await hello({ replication });
    await client.messagesUntil("R");
    client.send(passwordMessage(world.token("ada")));
    await client.messagesUntil("Z");
    const rows = await client.query("SELECT backend_type FROM pg_stat_activity WHERE pid = pg_backend_pid()");
    const row = rows.find(({ type }) => type === "D");
    assert.deepEqual(rowValues(row?.body ?? Buffer.alloc(2)), ["client backend"]);
    client.vanish();
    await clean.holds();
  });
}

test("attack 6: settings that do not change who one is reach the server, whatever is in them", async () => {
  const client = await hello({
    search_path: '"$user", pg_temp',
    options: "-c statement_timeout=1234 --geqo=off -c application_name=it\\ is\\ \\\\me -cDateStyle=German",
    extra_float_digits: "2",
    client_encoding: "LATIN1",
  });
  await client.messagesUntil("R");
  client.send(passwordMessage(world.token("ada")));
  await client.messagesUntil("Z");
  const names = [
    "search_path",
    "statement_timeout",
    "geqo",
    "application_name",
    "datestyle",
    "extra_float_digits",
  ];
  const answer = await client.query(`SELECT ${names.map((name) => `current_setting('${name}')`).join(", ")}`);
  const row = answer.find(({ type }) => type === "D");
  assert.deepEqual(rowValues(row?.body ?? Buffer.alloc(2)), [
    '"$user", pg_temp',
    "1234ms",
    "off",
    "it is \\me",
    "German, DMY",
    "2",
  ]);
  client.vanish();
  await clean.holds();
});

test("attack 6: a search_path full of traps does not mislead the gateway's own look-up of the role", async () => {
  await world.postgres.query(`
    CREATE SCHEMA trap; GRANT ALL ON SCHEMA trap TO PUBLIC;
    CREATE FUNCTION trap.bool_or(boolean) RETURNS boolean LANGUAGE sql AS 'SELECT false';
    CREATE FUNCTION trap.pg_has_role(name, oid, text) RETURNS boolean LANGUAGE sql AS 'SELECT false';
    CREATE VIEW trap.pg_roles AS SELECT oid, rolname, false AS rolsuper, false AS rolreplication,
      false AS rolbypassrls FROM pg_catalog.pg_roles;
    GRANT SELECT ON trap.pg_roles TO PUBLIC;
    CREATE ROLE climber LOGIN PASSWORD 'upstream-secret-3f9a' IN ROLE root;
  `);
  const client = await hello({ user: "climber", search_path: "trap, pg_catalog" });
  await client.messagesUntil("R");
  client.send(passwordMessage(world.token("climber")));
  const { code, message } = await client.refusal();
  assert.equal(code, "28000");
  assert.match(message, /^this role has too many rights to be used here/);
  await clean.holds();
});

test("attack 6: unknown _pq_ options and a newer minor version are negotiated down, and the login goes on", async () => {
  const client = await hello({ "_pq_.role": "root", "_pq_.evil": "1" }, 0x0003_0009);
  const [negotiated] = await client.messagesUntil("R");
  assert.equal(negotiated?.type, "v");
  assert.equal(negotiated?.body.toString("latin1"), "\0\x03\0\x02\0\0\0\x02_pq_.role\0_pq_.evil\0");
  client.send(passwordMessage(world.token("ada")));
  await client.messagesUntil("Z");
  client.vanish();
  await clean.holds();
});
