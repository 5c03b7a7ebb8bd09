/**
 * The set-up of a cluster that lets its pods read from PostgreSQL over HTTP: a streaming pair of servers, of which the
 * replica answers, and service accounts that are database roles of the very same names.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createAuthority } from "../../../src/demo/authority.ts";
import { mintToken, newKeyPair, publicJwk } from "../../../src/identity/mint.ts";
import { type DebianPair, debianPostgresMissing, startDebianPair } from "../../support/debian-postgres.ts";
import { eventually } from "../../support/eventually.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { json, startKeyServer } from "../../support/key-server.ts";

const CLUSTER = "https://kubernetes.default.svc.cluster.local";
const READER = "system:serviceaccount:psql-repl:dbreader";

const SQL = `
  CREATE ROLE myuser LOGIN NOINHERIT;
  CREATE ROLE "${READER}";
  CREATE ROLE "system:serviceaccount:psql-repl:nobody";
  GRANT "${READER}" TO myuser;
  CREATE TABLE sample_table (id integer PRIMARY KEY, name text NOT NULL);
  INSERT INTO sample_table SELECT n, 'sample ' || n FROM generate_series(1, 5) AS n;
  CREATE TABLE secret_table (id integer PRIMARY KEY);
  CREATE VIEW server AS SELECT pg_is_in_recovery() AS replica;
  GRANT SELECT ON sample_table, server TO "${READER}";
`;

/** What the API server of a cluster signs for a pod (BoundServiceAccountTokenVolume). */
function claimsOf(subject: string, more: Readonly<Record<string, string | number | readonly string[]>> = {}) {
  const now = Math.floor(Date.now() / 1000);
  return {
    aud: [CLUSTER],
    exp: now + 3600,
    iat: now,
    iss: CLUSTER,
    jti: crypto.randomUUID(),
    "kubernetes.io": {
      namespace: "psql-repl",
      node: { name: "node-1", uid: crypto.randomUUID() },
      pod: { name: "reader-0", uid: crypto.randomUUID() },
      serviceaccount: { name: "dbreader", uid: crypto.randomUUID() },
    },
    nbf: now,
    sub: subject,
    ...more,
  };
}

const keys = newKeyPair("RS256");
const jwks = { keys: [publicJwk(keys.publicPem)] };
const token = (subject: string, more = {}) => mintToken(keys.privatePem, claimsOf(subject, more));

describe("a read-only API for the pods of a cluster", { skip: debianPostgresMissing }, () => {
  let pair: DebianPair;
  let gateway: Gateway;
  const get = (path: string, bearer?: string) =>
    fetch(`http://127.0.0.1:${gateway.port}${path}`, {
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    });

  before(async () => {
    pair = await startDebianPair(SQL);
    const { standby, primary } = pair;
    gateway = await startGateway("", {
      command: ["rest"],
      env: {
        PGRST_DB_URI: `postgres://myuser:unused@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/postgres?target_session_attrs=read-only`,
        PGRST_JWT_SECRET: JSON.stringify(jwks),
        PGRST_JWT_ROLE_CLAIM_KEY: ".sub",
        PGRST_JWT_AUD: CLUSTER,
        PGRST_DB_SCHEMA: "public",
        PGRST_DB_POOL: "3",
        PGRST_DB_POOL_TIMEOUT: "2",
        PGRST_DB_MAX_ROWS: "3",
        PGRST_LOG_LEVEL: "info",
        POSTERN__LOG__FORMAT: "json",
        PGRST_SERVER_HOST: "127.0.0.1",
        PGRST_SERVER_PORT: "0",
      },
    });
  });
  after(async () => {
    await gateway?.stop();
    await pair?.stop();
  });

  test("gives a service account the rows that its role may read, at most db-max-rows of them", async () => {
    const answer = await get("/sample_table?order=id", token(READER));
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.deepEqual(await answer.json(), [
      { id: 1, name: "sample 1" },
      { id: 2, name: "sample 2" },
      { id: 3, name: "sample 3" },
    ]);
    assert.equal(answer.headers.get("content-range"), "0-2/*");
  });

  test("reads from the replica", async () => {
    const answer = await get("/server", token(READER));
    assert.deepEqual(await answer.json(), [{ replica: true }]);
  });

  test("answers 403 and 42501 where the role has no grant", async () => {
    const answer = await get("/secret_table", token(READER));
    assert.equal(answer.status, 403);
    assert.deepEqual(await answer.json(), {
      code: "42501",
      details: null,
      hint: null,
      message: "permission denied for table secret_table",
    });
  });

  test("answers 403 when the authenticator may not become the service account's role", async () => {
    const answer = await get("/sample_table", token("system:serviceaccount:psql-repl:nobody"));
    assert.equal(answer.status, 403);
    assert.equal(((await answer.json()) as { code: string }).code, "42501");
  });

  const stranger = newKeyPair("RS256");
  const past = Math.floor(Date.now() / 1000) - 7200;
  const refused = [
    { what: "an expired token", bearer: () => token(READER, { exp: past + 60, iat: past, nbf: past }) },
    {
      what: "a token for another audience",
      bearer: () => token(READER, { aud: ["https://elsewhere.test"] }),
    },
    { what: "a token of a foreign key", bearer: () => mintToken(stranger.privatePem, claimsOf(READER)) },
    { what: "what is no token", bearer: () => "garbage" },
  ];
  for (const { what, bearer } of refused) {
    test(`answers 401 with WWW-Authenticate to ${what}`, async () => {
      const answer = await get("/sample_table", bearer());
      assert.equal(answer.status, 401);
      assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer error="invalid_token"/);
      assert.match(((await answer.json()) as { code: string }).code, /^PGRST30[13]$/);
    });
  }

  test("answers 401 to a request without a token, as there is no anonymous role", async () => {
    const answer = await get("/sample_table");
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("www-authenticate"), "Bearer");
    assert.equal(((await answer.json()) as { code: string }).code, "PGRST302");
  });

  test("refuses to write", async () => {
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/sample_table`, {
      method: "POST",
      headers: { authorization: `Bearer ${token(READER)}`, "content-type": "application/json" },
      body: JSON.stringify({ id: 9, name: "new" }),
    });
    assert.equal(answer.status, 405);
    assert.equal(((await answer.json()) as { code: string }).code, "25006");
  });

  test("hears of changes from the primary, although it reads from the replica", async () => {
    await pair.primary.query(
      `CREATE VIEW latest AS SELECT max(id) AS id FROM sample_table; GRANT SELECT ON latest TO "${READER}"`,
    );
    await eventually("the new view is known", async () => {
      await pair.primary.query("NOTIFY pgrst, 'reload schema'");
      return (await get("/latest", token(READER))).status === 200;
    });
  });

  test("answers 503 while no replica is there, and works again when one is back", async () => {
    await pair.standby.kill();
    await eventually(
      "503 without a replica",
      async () => (await get("/sample_table", token(READER))).status === 503,
    );
    await pair.standby.start();
    await eventually(
      "200 with a replica",
      async () => (await get("/sample_table", token(READER))).status === 200,
    );
  });
});

test("the same over HTTPS, with the cluster's key URL as a pod reaches it", {
  skip: debianPostgresMissing,
}, async () => {
  const pair = await startDebianPair(SQL);
  const authority = await createAuthority("cluster");
  const server = await authority.server(["localhost", "127.0.0.1"]);
  const keyServer = await startKeyServer({ cert: server.cert, key: server.key });
  keyServer.serve((request, response) =>
    request.headers.authorization === "Bearer pod-token"
      ? json(jwks)(request, response)
      : response.writeHead(401).end(),
  );
  const directory = mkdtempSync(join(tmpdir(), "postern-pod-"));
  const file = (name: string, text: string) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  let gateway: Gateway | undefined;
  try {
    gateway = await startGateway({
      doors: {
        rest: {
          port: 0,
          database: "postgres",
          authenticator: "myuser",
          tls: { certFile: file("tls.crt", server.cert), keyFile: file("tls.key", server.key) },
        },
      },
      issuers: [
        {
          name: "cluster",
          issuer: CLUSTER,
          audience: [CLUSTER],
          keys: { jwksUrl: `${keyServer.url}/openid/v1/jwks` },
          fetch: { caFile: file("ca.crt", authority.cert), bearerFile: file("token", "pod-token") },
        },
      ],
      clusters: [
        {
          name: "main",
          hosts: [
            { host: "127.0.0.1", port: pair.standby.port },
            { host: "127.0.0.1", port: pair.primary.port },
          ],
          targetSessionAttrs: "read-only",
          tls: { mode: "disable" },
          login: { method: "trust" },
        },
      ],
    });
    const { port } = gateway;
    const ask = () =>
      new Promise<{ readonly status: number; readonly text: string }>((done, fail) => {
        const headers = { authorization: `Bearer ${token(READER)}` };
        httpsRequest({ host: "localhost", port, path: "/sample_table?id=eq.1", headers, ca: authority.cert })
          .on("error", fail)
          .on("response", (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
            response.on("end", () => done({ status: response.statusCode ?? 0, text }));
          })
          .end();
      });
    const { status, text } = await ask();
    assert.equal(status, 200, text);
    assert.deepEqual(JSON.parse(text), [{ id: 1, name: "sample 1" }]);
  } finally {
    await gateway?.stop();
    await keyServer.close();
    await pair.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
