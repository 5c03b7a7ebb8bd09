/** PostgreSQL 15 asks PAM, and PAM asks Postern: the whole way of a login, with psql. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import { mintToken, newKeyPair, publicJwk } from "../../src/identity/mint.ts";
import type { AccessApi, Answering } from "../support/access-api.ts";
import { patOf, permits, says, silence, startAccessApi } from "../support/access-api.ts";
import { withinSeconds } from "../support/eventually.ts";
import type { Gateway, LogLine } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";
import type { PamServer } from "../support/pam.ts";
import { pamMissing, startPamServer } from "../support/pam.ts";
import { runProgram } from "./support/program.ts";
import { missing, prepare } from "./support/toolchains.ts";

const PASSWORD = "ada's own pass=word '\\ x";
const keys = newKeyPair("ES256");
const seconds = () => Math.floor(Date.now() / 1000);
const token = (sub: string, more = {}) =>
  mintToken(keys.privatePem, { iss: "https://issuer.test", sub, exp: seconds() + 600, ...more });
const SKIPPED = process.env["CI"] === "true" ? false : pamMissing || (missing("python") ?? false);

describe("PAM", { skip: SKIPPED }, () => {
  let server: PamServer;
  let api: AccessApi;
  let gateway: Gateway;
  let socket = "";

  before(async () => {
    server = await startPamServer(
      `CREATE ROLE ada LOGIN PASSWORD '${PASSWORD.replaceAll("'", "''")}'; CREATE ROLE ben LOGIN; CREATE ROLE late LOGIN PASSWORD 'x' VALID UNTIL '2020-01-01'`,
      ["host postern_pam all 127.0.0.1/32 scram-sha-256"],
    );
    api = await startAccessApi();
    socket = join(server.directory, "door.sock");
    gateway = await startGateway({
      doors: { pam: { unixSocket: { path: socket, mode: "666" }, cluster: "tokens", endSessions: true } },
      issuers: [{ name: "jobs", issuer: "https://issuer.test", keys: { pem: [keys.publicPem] } }],
      clusters: [
        { name: "tokens", ...NOWHERE },
        { name: "api", ...NOWHERE, decide: { mode: "remote", url: api.url, timeout: "3s", cache: "0s" } },
      ],
      limits: { failedLoginsPerAddress: 0 },
    });
  });
  after(async () => {
    await gateway?.stop();
    await api?.close();
    await server?.stop();
  });

  const opens = async (role: string, credential: string) =>
    assert.equal(await server.psql(role, credential), role);
  const closed = (role: string, credential: string) =>
    assert.rejects(server.psql(role, credential), {
      message: new RegExp(`PAM authentication failed for user "${role}"`),
    });

  /** The ways to the PAM door of a running Postern. */
  const ways: Readonly<Record<string, (more?: string) => void>> = {
    "the module": (more = "") => {
      const line = `${server.module} socket=${socket}${more}`;
      server.use({ auth: line, account: line });
    },
    "the launcher in pam_exec": (more = "") => server.exec(`${server.launcher} socket=${socket}${more}`),
    "the helper in pam_exec": (more = "") => server.exec(`${server.postern} pam socket=${socket}${more}`),
  };

  for (const [way, use] of Object.entries(ways)) {
    test(`by ${way}: a signed token opens the role that it names, and no other`, async () => {
      use();
      await opens("ada", token("ada"));
      await closed("ben", token("ada"));
      const line = await gateway.logged(
        ({ event, code }) => event === "login.denied.v1" && code === "policy/role",
      );
      assert.deepEqual([line["door"], line["role"]], ["pam", "ben"]);
      assert.ok(JSON.stringify(line).includes("127.0.0.1"));
    });

    test(`by ${way}: an expired token, another issuer's and a word open nothing`, async () => {
      use();
      await closed("ada", token("ada", { exp: seconds() - 10 }));
      await closed(
        "ada",
        mintToken(newKeyPair("ES256").privatePem, {
          iss: "https://issuer.test",
          sub: "ada",
          exp: seconds() + 60,
        }),
      );
      await closed("ada", "hunter2");
    });

    test(`by ${way}: a personal access token opens what an API says`, async () => {
      use(" cluster=api");
      api.answer(permits("ada"));
      await opens("ada", patOf("p"));
      api.answer(says(403, {}));
      await closed("ada", patOf("p"));
      api.answer(permits("ben"));
      await closed("ada", patOf("p"));
      api.answer(silence);
      await closed("ada", patOf("p"));
    });

    test(`by ${way}: where no Postern runs, nobody gets in`, async () => {
      use(`-gone`);
      await closed("ada", token("ada"));
    });
  }

  for (const [way, use] of Object.entries(ways))
    test(`by ${way}: a session ends with its token, whatever it is at`, async () => {
      use();
      const { started, asked } = await withinSeconds(4, async (life) => {
        const before = new Set(gateway.log);
        const credential = token("ada", { exp: seconds() + life });
        const asked = server.psql("ada", credential, "SELECT pg_sleep(300)").then(String, String);
        const isStart = (line: LogLine) => line.event === "session.started.v1" && !before.has(line);
        const refused = asked.then((said) => assert.fail(said));
        return { started: await Promise.race([gateway.logged(isStart), refused]), asked };
      });
      assert.match(await asked, /terminating connection due to administrator command/);
      const line = await gateway.logged(
        ({ event, session }) => event === "session.ended.v1" && session === started["session"],
      );
      assert.deepEqual([line["door"], line["reason"]], ["pam", "expired"]);
    });

  test("psycopg logs in with a token as its password, and is refused without one that is good", async () => {
    ways["the module"]?.();
    const foreign = newKeyPair("ES256").privatePem;
    const { results, said } = await runProgram((await prepare("python"))("pam_checks"), {
      PGPORT: String(server.port),
      GOOD_TOKEN: token("ada"),
      WRONG_TOKEN: mintToken(foreign, { iss: "https://issuer.test", sub: "ada", exp: seconds() + 60 }),
      EXPIRED_TOKEN: token("ada", { exp: seconds() - 10 }),
      OTHER_CA: "",
    });
    const checks = [
      "logs in with a signed token",
      "is refused as another role",
      "is refused with a wrong token and an expired one",
    ];
    assert.deepEqual(
      results,
      checks.map((check) => ({ check, ok: true })),
      said,
    );
  });

  test("a session that its client ends is off the list", async () => {
    ways["the module"]?.();
    await opens("ada", token("ada"));
    await gateway.logged(({ event, reason }) => event === "session.ended.v1" && reason === "client-closed");
  });

  const answers: readonly (readonly [string, string, number])[] = [
    ["the one that lets in", "allow\n", 0],
    ["the same without its end", "allow", 9],
    ["a longer word", "allowed\n", 9],
    ["another case", "ALLOW\n", 9],
    ["a word before it", "x allow\n", 9],
    ["nothing", "", 9],
    ["NUL and then it", "\0allow\n", 9],
    ["a denial", "deny policy/role 0123456789ab no\n", 7],
    ["a denial with control characters", "deny policy/role 0123456789ab \u001b[2J\n", 7],
    ["100 kB without an end", "x".repeat(100_000), 9],
  ];
  for (const [what, answer, code] of answers)
    test(`what the door answers decides, and nothing like it: ${what}`, async () => {
      const path = join(server.directory, "lying.sock");
      const door = createServer(
        (peer) =>
          void peer
            .on("error", () => {})
            .resume()
            .end(answer),
      );
      await new Promise<void>((resolve) => door.listen(path, resolve));
      try {
        for (const command of [server.launcher, server.postern]) {
          const args = [...(command === server.launcher ? [] : ["pam"]), `socket=${path}`];
          const ended = await ran(command, args, token("ada"));
          assert.equal(ended.code, code, `${command}: ${ended.stderr}`);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
          assert.doesNotMatch(ended.stderr.trimEnd(), /[\u0000-\u001f]/);
        }
      } finally {
        await new Promise((resolve) => door.close(resolve));
      }
    });

  test("the account phase alone lets nobody in", async () => {
    const line = `${server.module} socket=${socket}`;
    server.use({ auth: "pam_permit.so", account: line });
    await closed("ada", token("ada"));
    server.use({
      auth: "pam_permit.so",
      account: `pam_exec.so quiet ${server.postern} pam socket=${socket}`,
    });
    await closed("ada", token("ada"));
    server.use({ auth: "pam_permit.so", account: `pam_exec.so quiet ${server.postern} pam ${alone()}` });
    await closed("ada", token("ada"));
  });

  /** A good token of about this length, and no shorter. */
  const ofLength = (bytes: number) => {
    const short = token("ada", { text: "" }).length;
    return token("ada", { text: "x".repeat(Math.ceil(((bytes - short) * 3) / 4) + 1) });
  };

  test("the module takes tokens of any length", async () => {
    ways["the module"]?.();
    for (const bytes of [500, 511, 2048, 4096, 16_384, 60_000]) await opens("ada", ofLength(bytes));
  });

  for (const way of ["the launcher in pam_exec", "the helper in pam_exec"])
    test(`by ${way}: a token that pam_exec cuts is refused, and the log says so and what to do`, async () => {
      ways[way]?.();
      await opens("ada", ofLength(505));
      const before = server.said().length;
      for (const bytes of [512, 2048, 4096]) await closed("ada", ofLength(bytes));
      const lines = server
        .said()
        .slice(before)
        .match(/pam_exec\.so has cut .* personal access token/g);
      assert.equal(lines?.length, 3, server.said());
    });

  test("the helper by itself says likewise that a token was cut", async () => {
    server.exec(`${server.postern} pam ${alone()}`);
    await closed("ada", token("u-1", { email: "ada@example.com", text: "x".repeat(2000) }));
    assert.match(server.said(), /denied \(7\) auth of "ada" from 127\.0\.0\.1: pam_exec\.so has cut/);
  });

  /** The arguments of a helper that decides by itself. */
  function alone(more = ""): string {
    const file = (name: string, text: string) => {
      const path = join(server.directory, name);
      writeFileSync(path, text);
      chmodSync(path, 0o644);
      return path;
    };
    const jwks = file("jwks.json", JSON.stringify({ keys: [publicJwk(keys.publicPem)] }));
    const mappings = file("mappings.yaml", stringify({ "ada@example.com": ["ada"], "sub-ben": ["ben"] }));
    return `jwks=${jwks} mappings=${mappings} issuer=https://issuer.test state=${server.directory}${more}`;
  }

  test("without a running Postern: a signed token opens the roles that the mappings have for it", async () => {
    server.exec(`${server.postern} pam ${alone()}`);
    await opens("ada", token("u-1", { email: "ada@example.com" }));
    await opens("ben", token("sub-ben"));
    await closed("ben", token("u-1", { email: "ada@example.com" }));
    await closed("ada", token("ada"));
    await closed("ada", token("u-1", { email: "ada@example.com", exp: seconds() - 10 }));
    assert.match(server.said(), /denied \(7\) auth of "ada" from 127\.0\.0\.1: identity\/expired/);
  });

  const refusals: readonly (readonly [string, Answering, RegExp])[] = [
    ["restricts it", says(403, {}), /identity\/api-restricted/],
    ["knows nobody", says(406, {}), /identity\/api-not-set-up/],
    ["is broken", says(500, {}), /identity\/api-unavailable/],
    ["does not answer", silence, /identity\/api-unavailable/],
    ["speaks of another role", permits("ben"), /policy\/role/],
    ["says that the right has ended", permits("ada", { expires_at: 1 }), /policy\/role/],
    [
      "leads elsewhere",
      (response, asked) => says(302, "", { location: api.url })(response, asked),
      /identity\/api-unavailable/,
    ],
    ["answers too much", says(200, " ".repeat(100_000)), /identity\/api-unavailable/],
  ];
  test("without a running Postern: an API decides about tokens", async () => {
    server.exec(`${server.postern} pam apiUrl=${api.url} state=${server.directory}`);
    api.answer(permits("ada"));
    await opens("ada", patOf("alone"));
    assert.deepEqual(api.asked.at(-1)?.body, { role: "ada", rhost: "127.0.0.1" });
    await opens("ada", token("anybody"));
  });
  for (const [what, answering, said] of refusals)
    test(`without a running Postern: an API that ${what} opens nothing, and that is logged`, async () => {
      server.exec(`${server.postern} pam apiUrl=${api.url} state=${server.directory}`);
      api.answer(answering);
      await closed("ada", patOf("alone"));
      assert.match(server.said(), said);
    });

  test("without a running Postern: keys that cannot be fetched and mappings that are none let nobody in", async () => {
    const good = token("sub-ben");
    server.exec(`${server.postern} pam ${alone().replace(/jwks=\S+/, "jwks=http://127.0.0.1:1/jwks.json")}`);
    await closed("ben", good);
    assert.match(server.said(), /denied \(9\) auth of "ben" from 127\.0\.0\.1: identity\/keys-unavailable/);
    server.exec(
      `${server.postern} pam ${alone().replace(/mappings=\S+/, `mappings=${join(server.directory, "jwks.json")}`)}`,
    );
    await closed("ben", good);
    assert.match(server.said(), /denied \(3\) .* has no list of roles/);
  });

  test("passwords are checked with the server itself, and are only data", async () => {
    server.exec(
      `${server.postern} pam passwords=127.0.0.1:${server.port}/postern_pam state=${server.directory}`,
    );
    await opens("ada", PASSWORD);
    await closed("ada", "wrong");
    await closed("ada", `${PASSWORD} dbname=postgres user=test_admin`);
    await closed("late", "x");
    await closed("ben", "x");
    await closed("ada", token("ada"));
    assert.match(server.said(), /auth of "ada" from 127\.0\.0\.1: the password is wrong/);
  });

  test("a line that trusts everybody, or that asks PAM again, proves no password", async () => {
    server.exec(
      `${server.postern} pam passwords=127.0.0.1:${server.port}/postgres state=${server.directory}`,
    );
    await closed("ada", PASSWORD);
    assert.match(server.said(), /its line of pg_hba\.conf is not scram-sha-256/);
  });

  test("no credential is in a log", () => {
    for (const secret of [PASSWORD, "hunter2", "sbp_", "eyJ"]) {
      assert.ok(!server.said().includes(secret), secret);
      assert.ok(!gateway.output().includes(secret), secret);
    }
  });
});

/** Runs a helper as pam_exec does. */
function ran(command: string, args: readonly string[], credential: string) {
  return new Promise<{ readonly code: number | null; readonly stderr: string }>((resolve) => {
    const env = { PAM_TYPE: "auth", PAM_USER: "ada", PAM_RHOST: "127.0.0.1" };
    let stderr = "";
    const child = spawn(command, args, { env, stdio: ["pipe", "ignore", "pipe"] });
    child.stderr.setEncoding("utf8").on("data", (piece: string) => {
      stderr += piece;
    });
    child.on("close", (code) => resolve({ code, stderr }));
    child.stdin.on("error", () => {}).end(`${credential}\0`);
  });
}

/** A server that is not behind Postern. */
const NOWHERE = {
  hosts: [{ host: "127.0.0.1", port: 1 }],
  tls: { mode: "disable" },
  login: { method: "trust" },
};
