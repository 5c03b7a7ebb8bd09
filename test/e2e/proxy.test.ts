/** `postern proxy`: what users of jwt-postgresql-proxy have set up works as it is. See docs/compatibility.md. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import pg from "pg";
import { createAuthority } from "../../src/demo/authority.ts";
import { ended } from "../support/ended.ts";
import { eventually, withinSeconds } from "../support/eventually.ts";
import type { Gateway } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres.ts";

const BIN = resolve(import.meta.dirname, "../../bin/postern");
const PASSWORD = "one-password-for-all";
const HOUR = 3600;

const SQL = `
  CREATE ROLE by_scram LOGIN PASSWORD '${PASSWORD}';
  CREATE ROLE by_nothing LOGIN;
  CREATE ROLE boss SUPERUSER LOGIN PASSWORD '${PASSWORD}';
  SET password_encryption = 'md5';
  CREATE ROLE by_md5 LOGIN PASSWORD '${PASSWORD}';
`;
const HBA = [
  "host all by_md5 127.0.0.1/32 md5",
  "host all by_nothing 127.0.0.1/32 trust",
  "host all all 127.0.0.1/32 scram-sha-256",
];

const keys = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")] as const;
const stranger = generateKeyPairSync("ed25519");
const directory = mkdtempSync(join(tmpdir(), "postern-proxy-"));
let ca = "";
let secure: TestPostgres;
let plain: TestPostgres;
/** In front of the server with TLS, and with the interface that the documentation of that project names. */
let proxy: Gateway;
const gateways: Gateway[] = [];

before(async () => {
  const authority = await createAuthority();
  const { cert, key } = await authority.server(["localhost"]);
  ca = authority.cert;
  writeFileSync(join(directory, "server.crt"), cert);
  writeFileSync(join(directory, "server.key"), key);
  chmodSync(join(directory, "server.key"), 0o600);
  [secure, plain] = await Promise.all([
    startPostgres({ sql: SQL, hba: HBA }),
    startPostgres({ sql: SQL, hba: HBA, tls: false }),
  ]);
  proxy = await startProxy(environment());
});
after(async () => {
  for (const gateway of gateways) await gateway.stop();
  await Promise.all([secure?.stop(), plain?.stop()]);
  rmSync(directory, { recursive: true, force: true });
});

/** That project's variables, every one of them. */
function environment(server = secure): Record<string, string> {
  const pem = ({ publicKey }: { publicKey: KeyObject }) => publicKey.export({ type: "spki", format: "pem" });
  return {
    PUBLIC_KEYS__0: pem(keys[0]).toString(),
    PUBLIC_KEYS__7: pem(keys[1]).toString(),
    UPSTREAM__HOST: "127.0.0.1",
    UPSTREAM__PORT: String(server.port),
    UPSTREAM__PASSWORD: PASSWORD,
    DOWNSTREAM__IP: "127.0.0.1",
    DOWNSTREAM__PORT: "0",
    DOWNSTREAM__CERTFILE: join(directory, "server.crt"),
    DOWNSTREAM__KEYFILE: join(directory, "server.key"),
  };
}

async function startProxy(env: Readonly<Record<string, string>>): Promise<Gateway> {
  const gateway = await startGateway({}, { command: ["proxy"], env });
  gateways.push(gateway);
  return gateway;
}

const now = () => Math.floor(Date.now() / 1000);

/** A token as the documentation of that project makes it: `json.dumps` puts a blank behind `:` and `,`. */
function token(sub: string, exp = now() + HOUR, { privateKey } = keys[0]): string {
  const header = '{"typ": "JWT", "alg": "EdDSA", "crv": "Ed25519"}';
  const payload = `{"sub": "${sub}", "exp": ${exp}}`;
  const input = [header, payload].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString("base64url")}`;
}

function clientOf(gateway: Gateway, user: string, password: string, more: pg.ClientConfig = {}): pg.Client {
  const { port } = gateway;
  return new pg.Client({
    host: "localhost",
    port,
    user,
    password,
    database: "postgres",
    ssl: { ca },
    ...more,
  });
}

/** Logs in, asks one thing and logs out. */
async function ask(client: pg.Client, sql: string): Promise<Record<string, unknown>> {
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql)).rows[0] ?? {};
  } finally {
    await client.end().catch(() => {});
  }
}

for (const [server, ssl] of [
  ["with TLS", true],
  ["without TLS", false],
] as const)
  test(`its tokens log in to a server ${server}, by SCRAM, by MD5 and unasked`, async () => {
    const gateway = ssl ? proxy : await startProxy(environment(plain));
    const sql = "SELECT system_user AS how, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    for (const [user, method] of [
      ["by_scram", "scram-sha-256"],
      ["by_md5", "md5"],
    ] as const)
      assert.deepEqual(await ask(clientOf(gateway, user, token(user)), sql), {
        how: `${method}:${user}`,
        ssl,
      });
    const unasked = clientOf(gateway, "by_nothing", token("by_nothing"));
    assert.deepEqual(await ask(unasked, sql), { how: null, ssl });
  });

test("every one of several keys is good, so that they can be rotated", async () => {
  for (const pair of keys) {
    const password = token("by_scram", now() + HOUR, pair);
    assert.deepEqual(await ask(clientOf(proxy, "by_scram", password), "SELECT 1 AS one"), { one: 1 });
  }
});

test("any role that a token names may be used, a superuser's too", async () => {
  const answer = await ask(clientOf(proxy, "boss", token("boss")), "SELECT session_user AS who");
  assert.deepEqual(answer, { who: "boss" });
});

const refused: readonly [string, () => string, string, RegExp][] = [
  ["has expired", () => token("by_scram", now() - 5), "28P01", /has expired/],
  ["another key signed", () => token("by_scram", now() + HOUR, stranger), "28P01", /not valid/],
  ["names another user", () => token("by_md5"), "28000", /is not open to you here/],
  [
    "was changed",
    () => token("by_md5").replace(/^(.+\.).+(\..+)$/, `$1${otherPayload()}$2`),
    "28P01",
    /not valid/,
  ],
  ["is the upstream password", () => PASSWORD, "28P01", /not a valid token/],
];
const otherPayload = () => token("by_scram").split(".")[1] ?? "";

for (const [what, password, code, message] of refused)
  test(`a token that ${what} is refused`, async () => {
    const login = ask(clientOf(proxy, "by_scram", password()), "SELECT 1");
    await assert.rejects(login, { severity: "FATAL", code, message });
  });

test("an empty DOWNSTREAM__IP opens the door on every interface, and an address on that one only", async () => {
  // Linux gives the loopback interface all of 127.0.0.0/8: another address of the same machine.
  const elsewhere = { host: "127.0.0.2", ssl: { ca, servername: "localhost" } };
  const everywhere = await startProxy({ ...environment(), DOWNSTREAM__IP: "" });
  for (const more of [{}, elsewhere])
    await ask(clientOf(everywhere, "by_scram", token("by_scram"), more), "SELECT 1");
  const here = ask(clientOf(proxy, "by_scram", token("by_scram"), elsewhere), "SELECT 1");
  await assert.rejects(here, { code: "ECONNREFUSED" });
});

test("each variable that is missing is named, in one line", () => {
  const whole = environment();
  for (const name of Object.keys(whole).filter((one) => one !== "PUBLIC_KEYS__7")) {
    const { [name]: _, ...rest } = whole;
    if (name === "PUBLIC_KEYS__0") delete rest["PUBLIC_KEYS__7"];
    const { PATH, POSTERN_RUNTIME } = process.env;
    const env = { PATH, ...(POSTERN_RUNTIME === undefined ? {} : { POSTERN_RUNTIME }), ...rest };
    const { status, stderr } = spawnSync(BIN, ["proxy"], { env, encoding: "utf8" });
    assert.equal(status, 1);
    assert.equal(stderr, `postern: environment: ${name} is missing; set it and start again\n`);
  }
});

test("Postern's own variables are laid over it", async () => {
  const strict = await startProxy({ ...environment(), POSTERN__LIMITS__FAILED_LOGINS_PER_ADDRESS: "2" });
  const free = await startProxy({
    ...environment(),
    POSTERN__LIMITS__FAILED_LOGINS_PER_ADDRESS: "0",
    POSTERN__DOORS__POSTGRES__PLAIN_TEXT: "never",
  });
  for (const gateway of [strict, free])
    for (let n = 0; n < 3; n++) await assert.rejects(ask(clientOf(gateway, "by_scram", "wrong"), "SELECT 1"));
  const good = (gateway: Gateway, more = {}) => clientOf(gateway, "by_scram", token("by_scram"), more);
  await assert.rejects(ask(good(strict), "SELECT 1"), { code: "28000", message: /wait a minute/ });
  await ask(good(free), "SELECT 1");
  await assert.rejects(ask(good(free, { ssl: false }), "SELECT 1"), {
    code: "28000",
    message: /without TLS/,
  });
});

test("a session ends with its token, unless it is told to keep it as that project does", async () => {
  const keeping = await startProxy({ ...environment(), POSTERN__CLUSTERS__0__ON_EXPIRY: "keep" });
  const { end, kept } = await withinSeconds(3, async (seconds) => {
    const password = token("by_scram", now() + seconds);
    const [ending, kept] = [proxy, keeping].map((gateway) => clientOf(gateway, "by_scram", password));
    assert.ok(ending !== undefined && kept !== undefined);
    const end = ended(ending);
    await Promise.all([ending.connect(), kept.connect()]);
    return { end, kept };
  });
  assert.match((await end).message, /its token has expired/);
  assert.deepEqual((await kept.query("SELECT 1 AS one")).rows, [{ one: 1 }]);
  await kept.end();
});

test("a certificate that is replaced is shown to the next client, without a restart", async () => {
  const own = {
    DOWNSTREAM__CERTFILE: join(directory, "own.crt"),
    DOWNSTREAM__KEYFILE: join(directory, "own.key"),
  };
  const replace = async () => {
    const authority = await createAuthority();
    const { cert, key } = await authority.server(["localhost"]);
    writeFileSync(own.DOWNSTREAM__KEYFILE, key, { mode: 0o600 });
    writeFileSync(own.DOWNSTREAM__CERTFILE, cert);
    return { ssl: { ca: authority.cert } };
  };
  const before = await replace();
  const gateway = await startProxy({ ...environment(), ...own });
  await ask(clientOf(gateway, "by_scram", token("by_scram"), before), "SELECT 1");
  const after = await replace();
  await eventually("the new certificate is shown", () =>
    ask(clientOf(gateway, "by_scram", token("by_scram"), after), "SELECT 1").catch(() => undefined),
  );
});

test("startup parameters, which that project drops, reach the server", async () => {
  const client = clientOf(proxy, "by_scram", token("by_scram"), { application_name: "moved" });
  assert.deepEqual(await ask(client, "SELECT current_setting('application_name') AS name"), {
    name: "moved",
  });
});
