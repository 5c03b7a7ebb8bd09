import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { systemClock } from "../../src/base/clock.ts";
import type { DatabaseName, RoleName } from "../../src/base/ids.ts";
import { Secret } from "../../src/base/secret.ts";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import { message } from "../../src/protocol/bytes.ts";
import { checkPassword } from "../../src/upstream/password-check.ts";
import type { AccessApi } from "../support/access-api.ts";
import { patOf, permits, startAccessApi } from "../support/access-api.ts";
import type { FakeServer, Script } from "../support/fake-server.ts";
import { authentication, ok, scram, startFakeServer, welcome } from "../support/fake-server.ts";
import type { Gateway } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";
import { pamQuestion, sendToPam } from "../support/pam-question.ts";

const keys = newKeyPair("ES256");
const directory = mkdtempSync(join(tmpdir(), "postern-pam-attack-"));
const path = join(directory, "door.sock");
const NOWHERE = {
  hosts: [{ host: "127.0.0.1", port: 1 }],
  tls: { mode: "disable" },
  login: { method: "trust" },
};
let gateway: Gateway;
let api: AccessApi;
let server: FakeServer;

before(async () => {
  api = await startAccessApi();
  server = await startFakeServer(async () => {});
  gateway = await startGateway({
    doors: { pam: { unixSocket: { path, mode: "600" }, cluster: "tokens" } },
    issuers: [{ name: "jobs", keys: { pem: [keys.publicPem] } }],
    clusters: [
      { name: "tokens", ...NOWHERE },
      { name: "api", ...NOWHERE, decide: { mode: "remote", url: api.url, cache: "30s" } },
    ],
    limits: { failedLoginsPerAddress: 3 },
  });
});
after(async () => {
  await gateway.stop();
  await api.close();
  await server.stop();
  rmSync(directory, { recursive: true });
});

const token = (sub = "ada") => mintToken(keys.privatePem, { sub, exp: Math.floor(Date.now() / 1000) + 600 });

const send = (bytes: string | Buffer) => sendToPam(path, bytes);
let backend = 1_000_000;
const login = (more: Readonly<Record<string, string>> = {}) => {
  backend += 1;
  const asked = {
    type: "auth",
    role: "ada",
    rhost: "192.0.2.7",
    process: String(backend),
    credential: token(),
  };
  return send(pamQuestion({ ...asked, ...more }));
};

for (const [what, bytes] of [
  [
    "a credential that goes on as another field",
    pamQuestion({
      type: "auth",
      role: "ben",
      rhost: "192.0.2.7",
      process: "1",
      credential: `${token()}\0role=ada`,
    }),
  ],
  ["an answer in the place of a question", "allow\n\0\0"],
  ["an HTTP request", "POST /api/v1/jit/authorize HTTP/1.1\r\n\r\n\0\0"],
  [
    "a role in two encodings",
    Buffer.concat([Buffer.from("postern-pam/1\0role=ad\xe1\0", "latin1"), Buffer.from("\0")]),
  ],
  ["nothing but zeros", "\0\0"],
] as const)
  test(`attack 20: ${what} is no question, and the next one is answered`, async () => {
    assert.match(await send(bytes), /^deny pam\/malformed /);
    assert.equal(await login(), "allow\n");
  });

test("attack 20: a question without end is cut off", async () => {
  assert.match(await send("postern-pam/1\0credential=".padEnd(100_000, "x")), /^deny pam\/malformed /);
});

test("attack 20: one byte at a time, and hanging up in between, lets nobody in and holds nobody up", async () => {
  const whole = pamQuestion({
    type: "auth",
    role: "ada",
    rhost: "192.0.2.7",
    process: "7",
    credential: token(),
  });
  const hanging = Array.from({ length: 50 }, (_, n) => {
    const socket = connect({ path });
    socket.on("error", () => {}).write(whole.slice(0, n));
    return socket;
  });
  assert.equal(await login(), "allow\n");
  for (const socket of hanging) socket.destroy();
  assert.equal(await login(), "allow\n");
});

test("attack 20: an account is not allowed because another one was", async () => {
  assert.equal(await login({ process: "42" }), "allow\n");
  for (const other of [{ role: "ben" }, { rhost: "192.0.2.8" }, { process: "43" }, { cluster: "api" }])
    assert.match(
      await send(pamQuestion({ type: "account", role: "ada", rhost: "192.0.2.7", process: "42", ...other })),
      /^deny pam\/no-login /,
    );
});

test("attack 20: ::ffff:127.0.0.1 is 127.0.0.1 for whoever counts failures", async () => {
  for (const rhost of ["127.0.0.1", "::ffff:127.0.0.1", "::FFFF:127.0.0.1"])
    assert.match(await login({ rhost, credential: "guess" }), /^deny identity\/malformed /);
  assert.match(await login({ rhost: "127.0.0.1" }), /^deny access\/too-many-failures /);
});

test("attack 20: a permission that is remembered is nobody else's", async () => {
  api.answer(permits("ada"));
  assert.equal(await login({ cluster: "api", credential: patOf("ada") }), "allow\n");
  api.answer((response) => response.writeHead(401).end());
  for (const [credential, more] of [
    [patOf("adb"), {}],
    [patOf("ada"), { role: "ben" }],
    [patOf("ada"), { rhost: "192.0.2.70" }],
    [`${patOf("ada")}x`, {}],
  ] as const)
    assert.match(await login({ cluster: "api", credential, ...more }), /^deny identity\/api-refused /);
});

const PASSWORD = "p' user=postgres dbname=postgres host=evil";
const check = (password: string) =>
  checkPassword(
    {
      address: { kind: "tcp", ip: "127.0.0.1", port: server.port },
      role: "ada" as RoleName,
      database: "postern_pam" as DatabaseName,
      password: new Secret(password),
      timeoutMs: 5000,
    },
    systemClock,
  );

const afterStartup =
  (script: Script): Script =>
  async (peer) => {
    await peer.packet();
    await script(peer).catch(() => peer.send(message("E", "SFATAL\0C28P01\0Mno\0\0")));
  };
const error = (code: string, text: string) => message("E", `SFATAL\0VFATAL\0C${code}\0M${text}\0\0`);

test("attack 20: a password is data, whatever it looks like", async () => {
  server.script = afterStartup((peer) => scram(peer, PASSWORD).then(() => peer.send(ok)));
  assert.deepEqual(await check(PASSWORD), { kind: "right" });
  assert.deepEqual(await check(`${PASSWORD} sslmode=disable`), { kind: "wrong" });
  const startup = server.peers.at(-1)?.received.toString("latin1") ?? "";
  assert.ok(startup.includes("user\0ada\0database\0postern_pam\0"));
  assert.ok(!startup.includes("evil"));
});

const lies: readonly (readonly [string, Script])[] = [
  ["that lets everybody in", async (peer) => peer.send(welcome)],
  ["that asks for the password in clear text", async (peer) => peer.send(authentication(3))],
  ["that asks for MD5", async (peer) => peer.send(authentication(5, Buffer.from("salt")))],
  ["that asks for no mechanism of ours", async (peer) => peer.send(authentication(10, "OAUTHBEARER\0\0"))],
  [
    "that skips the proof",
    async (peer) => {
      peer.send(authentication(10, "SCRAM-SHA-256\0\0"));
      await peer.message();
      peer.send(ok);
    },
  ],
  ["that does not know the password", (peer) => scram(peer, PASSWORD, { final: () => ok })],
  [
    "that signs with another key",
    (peer) =>
      scram(peer, PASSWORD, { final: () => authentication(12, `v=${Buffer.alloc(32).toString("base64")}`) }),
  ],
  [
    "that wants a million rounds",
    (peer) => scram(peer, PASSWORD, { challenge: (nonce) => `r=${nonce},s=YQ==,i=1000000000` }),
  ],
  [
    "whose error speaks of a database that does not exist",
    async (peer) => peer.send(error("3D000", 'database "postern_pam" does not exist')),
  ],
  ["that hangs up", async (peer) => void peer.socket.destroy()],
  ["that says nothing", async () => {}],
  [
    "that talks without end",
    async (peer) => {
      for (let n = 0; n < 100; n += 1) peer.send(message("S", `name\0${"x".repeat(20_000)}\0`));
    },
  ],
];
for (const [what, script] of lies)
  test(`attack 20: a server ${what} proves no password right`, async () => {
    server.script = async (peer) => {
      await peer.packet();
      await script(peer);
    };
    assert.equal((await check(PASSWORD)).kind, "unknown");
  });

test("attack 20: no credential is in the log", () => {
  assert.doesNotMatch(gateway.output(), /eyJ|sbp_|guess/);
});
