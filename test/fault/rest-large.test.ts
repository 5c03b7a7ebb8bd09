/** Large bodies arrive as they were sent, whatever memory was given back on their way and however slow a client is. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createAuthority } from "../../src/demo/authority.ts";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const SQL = `
  CREATE TABLE api.notes (id int, body text);
  CREATE TABLE api.large AS SELECT n AS id, repeat(md5(n::text), 10) AS body FROM generate_series(1, 30000) n;
  CREATE FUNCTION api.echo(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
`;
const AT_ONCE = 4;
const ROWS = 20_000;

const directory = mkdtempSync(join(tmpdir(), "postern-large-"));
const worlds = new Map<string, RestWorld>();
let ca: string;
before(async () => {
  const authority = await createAuthority();
  const { cert, key } = await authority.server(["localhost"]);
  ca = authority.cert;
  const [certFile, keyFile] = [join(directory, "server.crt"), join(directory, "server.key")];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key, { mode: 0o600 });
  const env = {
    POSTERN__DOORS__REST__TLS__CERT_FILE: certFile,
    POSTERN__DOORS__REST__TLS__KEY_FILE: keyFile,
  };
  worlds.set("http", await startRest({ sql: SQL }));
  worlds.set("https", await startRest({ sql: SQL, env }));
});
after(async () => {
  for (const world of worlds.values()) await world.stop();
  rmSync(directory, { recursive: true });
});

function worldOf(scheme: string): RestWorld {
  const world = worlds.get(scheme);
  assert.ok(world !== undefined);
  return world;
}

interface Sent {
  readonly type: string;
  readonly body: Buffer;
  readonly chunked?: boolean;
}

/** Sends, and takes the answer in fits and starts. */
async function send(scheme: string, line: string, sent?: Sent): Promise<Buffer> {
  const world = worldOf(scheme);
  const [method, path] = line.split(" ");
  const headers = {
    authorization: `Bearer ${world.token("web")}`,
    "content-type": sent?.type ?? "text/plain",
  };
  const options = { host: "localhost", port: world.gateway.port, method, path, headers, agent: false, ca };
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const asked = scheme === "https" ? httpsRequest(options) : httpRequest(options);
  asked.on("error", reject);
  asked.on("response", (response: IncomingMessage) => {
    const chunks: Buffer[] = [];
    response.on("error", reject);
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      response.pause();
      setImmediate(() => response.resume());
    });
    response.on("end", () => {
      const whole = Buffer.concat(chunks);
      if ((response.statusCode ?? 500) < 300) resolve(whole);
      else reject(new Error(`${response.statusCode} ${whole.toString()}`));
    });
  });
  if (sent !== undefined && sent.chunked !== true) asked.setHeader("content-length", sent.body.length);
  asked.end(sent?.body);
  return await promise;
}

const hash = (bytes: Buffer | string) => createHash("md5").update(bytes).digest("hex");
const bodyOf = (n: number) => `${hash(String(n))} é`.repeat(12);
const numbers = Array.from({ length: ROWS }, (_, n) => n);
const KEPT = hash(numbers.map((n) => `${n}${bodyOf(n)}`).join(""));

const bodies: Readonly<Record<string, Sent>> = {
  JSON: {
    type: "application/json",
    body: Buffer.from(JSON.stringify(numbers.map((n) => ({ id: n, body: bodyOf(n) })))),
  },
  "JSON of unknown length": {
    type: "application/json",
    body: Buffer.from(JSON.stringify(numbers.map((n) => ({ id: n, body: bodyOf(n) })))),
    chunked: true,
  },
  CSV: {
    type: "text/csv",
    body: Buffer.from(`id,body\n${numbers.map((n) => `${n},${bodyOf(n)}`).join("\n")}`),
  },
};

for (const scheme of ["http", "https"]) {
  test(`large answers over ${scheme} arrive whole, several at a time`, async () => {
    const [row] = await worldOf(scheme).postgres.query(
      "SELECT md5(string_agg(id || body, '' ORDER BY id)) AS sum FROM api.large",
    );
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => send(scheme, "GET /large?order=id")),
    );
    for (const answer of answers) {
      const rows: { id: number; body: string }[] = JSON.parse(answer.toString());
      assert.equal(hash(rows.map(({ id, body }) => `${id}${body}`).join("")), row?.["sum"]);
    }
  });

  test(`a large argument over ${scheme} comes back as it was`, async () => {
    const body = Buffer.from(numbers.map(bodyOf).join("\n"));
    const sent = { type: "text/plain", body };
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => send(scheme, "POST /rpc/echo", sent)),
    );
    for (const answer of answers) assert.equal(JSON.parse(answer.toString()), body.toString());
  });

  for (const [name, sent] of Object.entries(bodies))
    test(`large inserts of ${name} over ${scheme} are kept as they were sent, several at a time`, async () => {
      const { postgres } = worldOf(scheme);
      await postgres.query("TRUNCATE api.notes");
      await Promise.all(Array.from({ length: AT_ONCE }, () => send(scheme, "POST /notes", sent)));
      const kept = await postgres.query(
        `SELECT md5(string_agg(id || body, '' ORDER BY id)) AS sum
           FROM (SELECT id, body FROM api.notes GROUP BY id, body HAVING count(*) = ${AT_ONCE}) AS each`,
      );
      assert.deepEqual(kept, [{ sum: KEPT }]);
    });
}
