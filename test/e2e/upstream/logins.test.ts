import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { once, upstreamsOf } from "../../support/upstream-suite.ts";

const PASSWORD = "pass-of-postern";
const ACCENTED = "pass\u00ad\u2168\u00a0wörd";
const shared = { login: { method: "shared-password", password: PASSWORD } };

let server: TestPostgres;
let directory: string;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "postern-logins-"));
  server = await startPostgres({
    hba: [
      "hostssl all certified 127.0.0.1/32 cert",
      "hostssl all #00 127.0.0.1/32 cert",
      "host all trusted 127.0.0.1/32 trust",
      "host all hashed 127.0.0.1/32 md5",
      "host all plain 127.0.0.1/32 password",
      "host all all 127.0.0.1/32 scram-sha-256",
    ].map((line) => line.replace("#00", '"#00"')),
    sql: `
      CREATE ROLE app LOGIN PASSWORD '${PASSWORD}';
      CREATE ROLE "other-app" LOGIN PASSWORD 'another';
      CREATE ROLE accented LOGIN PASSWORD '${ACCENTED}';
      CREATE ROLE certified LOGIN;
      CREATE ROLE "#00" LOGIN;
      CREATE ROLE trusted LOGIN;
      CREATE ROLE plain LOGIN PASSWORD '${PASSWORD}';
      SET password_encryption = 'md5';
      CREATE ROLE hashed LOGIN PASSWORD '${PASSWORD}';`,
  });
});

after(async () => {
  rmSync(directory, { recursive: true, force: true });
  await server.stop();
});

const to = upstreamsOf(() => server);
/** Who is in, and how that was proved, which PostgreSQL tells from 16 on. */
const who = () => `SELECT session_user, current_user${server.major >= 16 ? ", system_user" : ""}`;
const told = (role: string, proof: string | null) => [
  server.major >= 16 ? [role, role, proof] : [role, role],
];

test("a shared password logs in with SCRAM", async () => {
  assert.deepEqual(await once(to(shared), "app", who()), told("app", "scram-sha-256:app"));
});

test("a password with accents and compatibility characters logs in, prepared as the server prepared it", async () => {
  const upstream = to({ login: { method: "shared-password", password: ACCENTED } });
  assert.deepEqual(await once(upstream, "accented", who()), told("accented", "scram-sha-256:accented"));
});

test("SCRAM can be required to be bound to the TLS channel", async () => {
  const upstream = to({ ...shared, tls: { caFile: server.caFile, channelBinding: "require" } });
  assert.deepEqual(await once(upstream, "app", "SELECT 1"), [["1"]]);
});

test("a role's own password comes from the map, a directory of files or the environment", async () => {
  const passwords = join(directory, "passwords");
  mkdirSync(passwords);
  writeFileSync(join(passwords, "app"), `${PASSWORD}\n`);
  const login = { method: "role-password", passwords: { accented: ACCENTED }, directory: passwords };
  const upstream = to(
    { login: { ...login, environmentPrefix: "PG_PASSWORD_" } },
    { PG_PASSWORD_OTHERx2dAPP: "another" },
  );
  for (const role of ["accented", "app", "other-app"]) {
    assert.deepEqual(await once(upstream, role, "SELECT session_user"), [[role]]);
  }
});

test("a password file that is replaced is read again, and its keys derived again", async () => {
  const file = join(directory, "app");
  const upstream = to({ login: { method: "role-password", directory } });
  writeFileSync(file, "wrong-for-now");
  await assert.rejects(upstream.open("app"), { name: "UpstreamRefused", sqlstate: "28P01" });
  writeFileSync(file, PASSWORD);
  assert.deepEqual(await once(upstream, "app", "SELECT 1"), [["1"]]);
});

test("a role without a password is not tried, and a role's name cannot lead out of the directory", async () => {
  const upstream = to({ login: { method: "role-password", directory: join(directory, "nowhere") } });
  for (const role of ["app", "../app", "..", "a/b", ".hidden"]) {
    await assert.rejects(upstream.open(role), { code: "upstream/secret" });
  }
});

test("a client certificate is minted for the role, and no password exists", async () => {
  const login = { method: "certificate", caCertFile: server.caFile, caKeyFile: server.caKeyFile };
  const upstream = to({ login });
  assert.deepEqual(await once(upstream, "certified", who()), told("certified", "cert:CN=certified"));
  assert.deepEqual(
    await once(upstream, "certified", "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"),
    [["/CN=certified"]],
  );
});

test("a role whose name means something in a distinguished name gets a certificate for just that name", async () => {
  const login = { method: "certificate", caCertFile: server.caFile, caKeyFile: server.caKeyFile };
  assert.deepEqual(await once(to({ login }), "#00", "SELECT session_user"), [["#00"]]);
});

test("a trusted connection logs in without a secret", async () => {
  const upstream = to({ login: { method: "trust" } });
  assert.deepEqual(await once(upstream, "trusted", who()), told("trusted", null));
});

test("a server that asks for a password where the login method has none gets nothing", async () => {
  await assert.rejects(to({ login: { method: "trust" } }).open("app"), { code: "upstream/authentication" });
});

test("a role with an MD5 password logs in, but not where channel binding is required", async () => {
  assert.deepEqual(await once(to(shared), "hashed", "SELECT session_user"), [["hashed"]]);
  const binding = to({ ...shared, tls: { caFile: server.caFile, channelBinding: "require" } });
  await assert.rejects(binding.open("hashed"), { code: "upstream/authentication" });
});

test("a cleartext password is sent over verified TLS only", async () => {
  const { caFile } = server;
  for (const tls of [{ caFile }, { caFile, mode: "verify-ca" }, { caFile, mode: "require" }]) {
    assert.deepEqual(await once(to({ ...shared, tls }), "plain", "SELECT session_user"), [["plain"]]);
  }
  for (const tls of [{ mode: "disable" }, { mode: "prefer" }, { mode: "require" }]) {
    await assert.rejects(to({ ...shared, tls }).open("plain"), { code: "upstream/authentication" });
  }
});

test("what the server says to a wrong password reaches the client unchanged and the log in words", async () => {
  const upstream = to({ login: { method: "shared-password", password: "wrong" } });
  await assert.rejects(upstream.open("app"), (error: Error & { response: Buffer }) => {
    assert.equal(error.name, "UpstreamRefused");
    assert.match(error.response.toString("latin1"), /^E.*VFATAL\0C28P01\0Mpassword authentication failed/s);
    return true;
  });
  const [failure] = upstream.events.filter(({ event }) => event === "upstream.failed.v1");
  assert.ok(failure?.event === "upstream.failed.v1");
  assert.equal(failure.code, "upstream/refused");
  assert.match(failure.detail, /^28P01: password authentication failed/);
  assert.ok(!JSON.stringify(upstream.events).includes("wrong"));
});
