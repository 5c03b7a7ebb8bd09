/** Postern as the API that jit-db-gatekeeper asks, and that another Postern in remote mode asks. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import type { Gateway } from "../support/gateway.ts";
import { startGateway } from "../support/gateway.ts";

const keys = newKeyPair("ES256");
const NOWHERE = {
  hosts: [{ host: "127.0.0.1", port: 1 }],
  tls: { mode: "disable" },
  login: { method: "trust" },
};
const EXPIRES = Math.floor(Date.now() / 1000) + 600;
const token = (sub: string, more = {}) =>
  mintToken(keys.privatePem, { iss: "https://issuer.test", sub, exp: EXPIRES, ...more });

let gateway: Gateway;
let url = "";
before(async () => {
  gateway = await startGateway({
    admin: { port: 0 },
    issuers: [{ name: "jobs", issuer: "https://issuer.test", keys: { pem: [keys.publicPem] } }],
    clusters: [
      { name: "orders", ...NOWHERE, decide: { mode: "token", databases: ["orders", "postgres"] } },
      { name: "closed", ...NOWHERE, decide: { mode: "token", issuers: ["jobs"], databases: ["other"] } },
    ],
    limits: { failedLoginsPerAddress: 5 },
  });
  const { port } = await gateway.logged(
    ({ event, door }) => event === "door.opened.v1" && door === "control",
  );
  url = `http://127.0.0.1:${String(port)}/api/v1/jit/authorize`;
});
after(() => gateway.stop());

interface Sent {
  readonly body?: unknown;
  readonly query?: string;
  readonly bearer?: string | undefined;
}

async function ask({
  body = { role: "ada", rhost: "192.0.2.7" },
  query = "?cluster=orders",
  bearer = token("ada"),
}: Sent = {}) {
  // As the module sends it.
  const response = await fetch(`${url}${query}`, {
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      ...(bearer === "" ? {} : { authorization: `Bearer ${bearer}` }),
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    type: response.headers.get("content-type")?.split(";")[0],
    json: (await response.json()) as never,
  };
}

test("a login that policy allows is answered with the role, and when the right ends", async () => {
  assert.deepEqual(await ask(), {
    status: 200,
    type: "application/json",
    json: {
      user_id: "https://issuer.test:ada",
      user_role: { role: "ada", expires_at: EXPIRES * 1000 },
    },
  });
  const line = await gateway.logged(({ event }) => event === "login.allowed.v1");
  assert.equal(line["door"], "pam");
  assert.ok(JSON.stringify(line).includes("192.0.2.7"));
});

const cases: readonly (readonly [string, Sent, number])[] = [
  ["a role that nobody gave", { body: { role: "ben", rhost: "192.0.2.8" } }, 406],
  ["a database that the cluster does not open", { query: "?cluster=orders&database=other" }, 406],
  ["a cluster that opens no such database", { query: "?cluster=closed" }, 406],
  ["a cluster that does not exist", { query: "?cluster=none" }, 406],
  ["no cluster, where there are several", { query: "" }, 406],
  [
    "an expired token",
    { bearer: token("ada", { exp: 1_600_000_000 }), body: { role: "ada", rhost: "192.0.2.9" } },
    401,
  ],
  ["a token of nobody's", { bearer: "abc", body: { role: "ada", rhost: "192.0.2.9" } }, 401],
  ["no token", { bearer: "" }, 401],
  ["no JSON", { body: "role=ada" }, 400],
  ["no role", { body: { rhost: "192.0.2.7" } }, 400],
  ["a role of 64 bytes", { body: { role: "r".repeat(64), rhost: "192.0.2.7" } }, 400],
  ["an address that is none", { body: { role: "ada", rhost: "a\nb" } }, 400],
  ["a body of 5000 bytes", { body: { role: "ada", rhost: "192.0.2.7", more: "x".repeat(5000) } }, 413],
];
for (const [what, sent, status] of cases)
  test(`${what} is answered ${status}, as a problem with its code`, async () => {
    const answer = await ask(sent);
    assert.equal(answer.status, status);
    assert.equal(answer.type, "application/problem+json");
    assert.match((answer.json as { code: string }).code, /^[a-z]+\/[a-z-]+$/);
  });

test("a body that comes in pieces, of a length that is not told, is read and bounded likewise", async () => {
  const stream = (...pieces: readonly string[]) =>
    fetch(`${url}?cluster=orders`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${token("ada")}` },
      body: ReadableStream.from(pieces.map((piece) => Buffer.from(piece))),
      duplex: "half",
    } as RequestInit);
  assert.equal((await stream('{"role":"ada",', '"rhost":"192.0.2.7"}')).status, 200);
  assert.equal((await stream('{"role":"ada",', " ".repeat(5000), '"rhost":"192.0.2.7"}')).status, 413);
});

test("who guesses tokens from one address is made to wait", async () => {
  const guess = () => ask({ bearer: "abc", body: { role: "ada", rhost: "198.51.100.1" } });
  for (let n = 0; n < 5; n += 1) assert.equal((await guess()).status, 401);
  assert.equal((await guess()).status, 429);
  assert.equal((await ask({ body: { role: "ada", rhost: "198.51.100.2" } })).status, 200);
});

test("attack 28: a cluster that is closed to somebody, a database that is, and none at all look alike", async () => {
  const told = async (query: string) => {
    const { status, json } = await ask({ query });
    const { instance: _, ...problem } = json as Record<string, unknown>;
    return { status, problem };
  };
  const none = await told("?cluster=none");
  assert.deepEqual(await told("?cluster=closed"), none);
  assert.deepEqual(await told("?cluster=orders&database=other"), none);
});

test("another Postern can be pointed at it", async () => {
  const other = await startGateway({
    doors: { rest: { port: 0, database: "postgres", authenticator: "web" } },
    clusters: [
      { name: "main", ...NOWHERE, decide: { mode: "remote", url: `${url}?cluster=orders`, restRole: "ada" } },
    ],
  });
  try {
    const get = (bearer: string) =>
      fetch(`http://127.0.0.1:${other.port}/t`, { headers: { authorization: `Bearer ${bearer}` } });
    assert.equal((await get(token("ben"))).status, 403);
    await get(token("ada")); // there is no database, so no answer; the login is what counts
    const line = await other.logged(({ event }) => event === "login.allowed.v1");
    assert.deepEqual(
      [line["username"], line["role"], line["rule"]],
      ["https://issuer.test:ada", "ada", "remote"],
    );
  } finally {
    await other.stop("SIGKILL");
  }
});

test("attack 25: who says that a client is somewhere has nobody made to wait who really is there", async () => {
  const guess = () => ask({ bearer: "abc", body: { role: "ada", rhost: "127.0.0.1" } });
  for (let n = 0; n < 5; n += 1) assert.equal((await guess()).status, 401);
  assert.equal((await guess()).status, 429);
  const whoami = await fetch(url.replace("/jit/authorize", "/whoami"), {
    headers: { authorization: `Bearer ${token("ada")}` },
  });
  assert.equal(whoami.status, 200);
});
