import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import pg from "pg";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import type { AccessApi, Answering } from "../support/access-api.ts";
import { patOf, permits, says, silence, startAccessApi } from "../support/access-api.ts";
import { ended } from "../support/ended.ts";
import { eventually, withinSeconds } from "../support/eventually.ts";
import type { Gateway } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres.ts";

const PASSWORD = "upstream-secret-81c2";
let postgres: TestPostgres;
let api: AccessApi;
let gateway: Gateway;
let restPort = 0;
let credentials = 0;

before(async () => {
  postgres = await startPostgres({
    sql: `CREATE ROLE ada LOGIN PASSWORD '${PASSWORD}'; CREATE ROLE ben LOGIN PASSWORD '${PASSWORD}';
      CREATE ROLE web; CREATE ROLE boss; CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD '${PASSWORD}'; GRANT web, boss TO authenticator;
      CREATE VIEW me AS SELECT current_user::text AS role, current_setting('request.jwt.claims', true)::json->>'sub' AS sub;
      GRANT SELECT ON me TO web, boss;`,
  });
  api = await startAccessApi();
  gateway = await startGateway(configuration());
  const rest = await gateway.logged(({ event, door }) => event === "door.opened.v1" && door === "rest");
  restPort = Number(rest["port"]);
});
after(async () => {
  await gateway.stop();
  await api.close();
  await postgres.stop();
});
beforeEach(() => {
  credentials += 1;
});

function configuration(decide: Readonly<Record<string, unknown>> = {}) {
  return {
    doors: {
      postgres: { port: 0 },
      rest: { port: 0, database: "postgres", authenticator: "authenticator" },
    },
    clusters: [
      {
        name: "main",
        hosts: [{ host: "localhost", port: postgres.port }],
        tls: { mode: "verify-full", caFile: postgres.caFile },
        login: { method: "shared-password", password: PASSWORD },
        decide: { mode: "remote", url: api.url, timeout: "3s", restRole: "web", ...decide },
      },
    ],
    limits: { failedLoginsPerAddress: 0 },
  };
}

/** A credential that no other test has used, so that nothing is remembered of it. */
const fresh = () => patOf(`test${credentials}x`);

const client = (user: string, password = fresh()) =>
  new pg.Client({ host: "127.0.0.1", port: gateway.port, database: "postgres", user, password });

async function refusal(user: string, password?: string): Promise<string> {
  const one = client(user, password);
  try {
    await one.connect();
  } catch (error) {
    assert.ok(error instanceof pg.DatabaseError, String(error));
    return `${error.code} ${error.message.replace(/ \([0-9a-f]{12}\)$/, "")}`;
  } finally {
    await one.end().catch(() => {});
  }
  return assert.fail("the login should have been refused");
}

const older = (role: string, end: unknown): Answering =>
  says(200, { user_id: "user-1", user_roles: [{ role, expires_at: end }] });

for (const [what, answering] of [
  ["the newer shape", permits("ada")],
  ["the older shape", older("ada", String(Date.now() + 3_600_000))],
] as const)
  test(`SQL clients log in with a personal access token that the API knows, by ${what}`, async () => {
    api.answer(answering);
    const one = client("ada");
    await one.connect();
    const { rows } = await one.query("SELECT session_user::text AS role");
    assert.deepEqual(rows, [{ role: "ada" }]);
    await one.end();
    assert.deepEqual(api.asked.at(-1)?.body, { role: "ada", rhost: "127.0.0.1" });
    const line = await gateway.logged(
      ({ event, role, rule }) => event === "login.allowed.v1" && role === "ada" && rule === "remote",
    );
    assert.equal(line["username"], "user-1");
  });

test("SQL clients log in with a signed token that the API takes, whoever signed it", async () => {
  api.answer(permits("ada"));
  const { privatePem } = newKeyPair("ES256");
  const one = client("ada", mintToken(privatePem, { sub: "x", exp: Math.floor(Date.now() / 1000) + 60 }));
  await one.connect();
  await one.end();
});

const TRY_AGAIN = "08006 whoever decides about this login cannot be asked at the moment; try again shortly";
const CLOSED =
  "28000 this role is not open to you here; use a role and a database that are, or ask for access";

const lies: readonly (readonly [string, Answering, string])[] = [
  ["that refuses the credential", says(401, {}), "28P01 the token is not valid"],
  [
    "that restricts it",
    says(403, {}),
    "28000 this login is restricted; ask those who manage access to the database",
  ],
  [
    "that knows nobody",
    says(406, {}),
    "28000 no access to this role is set up; ask those who manage access to the database",
  ],
  ["that is broken", says(500, { user_id: "u", user_role: { role: "ada" } }), TRY_AGAIN],
  ["that does not answer", silence, TRY_AGAIN],
  ["that hangs up", (response) => response.destroy(), TRY_AGAIN],
  [
    "that leads elsewhere",
    (response, asked) => says(307, "", { location: api.url })(response, asked),
    TRY_AGAIN,
  ],
  [
    "whose answer is huge",
    says(200, { user_id: "u".repeat(100_000), user_role: { role: "ada" } }),
    TRY_AGAIN,
  ],
  ["whose answer is no JSON", says(200, "yes"), TRY_AGAIN],
  ["that speaks of another role", permits("ben"), CLOSED],
  ["that speaks of a look-alike", permits("ADA"), CLOSED],
  ["whose permission has ended", permits("ada", { expires_at: Date.now() - 1 }), CLOSED],
  ["whose older permission has ended", older("ada", String(Date.now() - 1)), CLOSED],
  ["that lists no role", says(200, { user_id: "u", user_roles: [] }), CLOSED],
];
for (const [what, answering, wanted] of lies)
  test(`an API ${what} opens nothing to SQL clients`, async () => {
    api.answer(answering);
    assert.equal(await refusal("ada"), wanted);
  });

test("a password never reaches the API", async () => {
  const before = api.asked.length;
  assert.match(await refusal("ada", "hunter2"), /^28P01 the password is not a valid token/);
  assert.equal(api.asked.length, before);
});

test("a session ends when the API said that the right ends", async () => {
  const { ended: end } = await withinSeconds(2, async (seconds) => {
    api.answer(permits("ada", { expires_at: Date.now() + seconds * 1000 }));
    const one = client("ada", patOf(`ends${seconds}x`));
    const told = ended(one);
    await one.connect();
    return { ended: told };
  });
  assert.match(String(await end), /the time of the access that was given is over/);
});

const get = (credential: string, more: Readonly<Record<string, string>> = {}) =>
  fetch(`http://127.0.0.1:${restPort}/me`, { headers: { authorization: `Bearer ${credential}`, ...more } });

test("HTTP requests are made as the role set for them, and SQL sees who the API says it is", async () => {
  api.answer(permits("web"));
  const answer = await get(fresh());
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), [{ role: "web", sub: "user-1" }]);
  assert.deepEqual(api.asked.at(-1)?.body, { role: "web", rhost: "127.0.0.1" });
});

test("an HTTP request that names a role asks for that one, and what was said of another role does not count", async () => {
  const credential = fresh();
  api.answer(permits("web"));
  assert.equal((await get(credential)).status, 200);
  assert.equal((await get(credential, { "x-postern-role": "boss" })).status, 403);
  assert.deepEqual(api.asked.at(-1)?.body, { role: "boss", rhost: "127.0.0.1" });
  api.answer(permits("boss"));
  const answer = await get(credential, { "x-postern-role": "boss" });
  assert.deepEqual(await answer.json(), [{ role: "boss", sub: "user-1" }]);
});

for (const [what, answering, status] of [
  ["refuses the credential", says(401, {}), 401],
  ["restricts it", says(403, {}), 403],
  ["knows nobody", says(406, {}), 403],
  ["is broken", says(500, {}), 503],
  ["does not answer", silence, 503],
  ["speaks of another role", permits("authenticator"), 403],
] as const)
  test(`an HTTP request is answered ${status} when the API ${what}`, async () => {
    api.answer(answering);
    assert.equal((await get(fresh())).status, status);
  });

test("a right that the API takes back is gone for HTTP within the time that answers are kept", async () => {
  const loads = () => gateway.log.filter(({ event }) => event === "config.loaded.v1").length;
  const before = loads();
  gateway.configure(configuration({ cache: "0s" }));
  await eventually("the configuration is in force", () => loads() > before);
  api.answer(permits("web"));
  const credential = fresh();
  assert.equal((await get(credential)).status, 200);
  api.answer(says(403, {}));
  assert.equal((await get(credential)).status, 403);
});

test("no credential is in the log", () => {
  assert.doesNotMatch(gateway.output(), /sbp_(test|ends)/);
});
