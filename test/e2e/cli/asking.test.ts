import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { createAuthority } from "../../../src/demo/authority.ts";
import { directoryWith } from "../../support/config-files.ts";
import { shellMeanwhile } from "../../support/postern.ts";

const TOKEN = "pst_a-secret-that-is-shown-nowhere";
const SELF = { issuer: "i", subject: "s", username: "ada", user: { name: "i:s", groups: [] } };
const JSON_TYPE = { "content-type": "application/json" };

/** Answers as Postern does to whom it knows. */
const friendly: RequestListener = ({ headers, url }, response) => {
  const known = headers.authorization === `Bearer ${TOKEN}` && url === "/api/v1/whoami";
  response.writeHead(known ? 200 : 500, JSON_TYPE).end(JSON.stringify(SELF));
};

async function listening(t: TestContext, server: Server, where: string | number = 0): Promise<number> {
  await new Promise<void>((done) =>
    typeof where === "string" ? server.listen(where, done) : server.listen(where, "127.0.0.1", done),
  );
  t.after(() => server.close());
  const address = server.address() as AddressInfo | string;
  return typeof address === "string" ? 0 : address.port;
}

function whoami(t: TestContext, server: string, more = "", files: Readonly<Record<string, string>> = {}) {
  const directory = directoryWith(t, { "my.token": `${TOKEN}\n`, ...files });
  return shellMeanwhile(`postern whoami --server '${server}' --token-file my.token ${more}`, directory);
}

test("a Unix socket is asked like a port", async (t) => {
  const socket = join(directoryWith(t), "control.sock");
  await listening(t, createServer(friendly), socket);
  const { code, stdout } = await whoami(t, `unix:${socket}`);
  assert.deepEqual([code, stdout.split("\n")[0]], [0, "identity   i:s"]);
});

test("HTTPS takes the certificate of the authority that --ca-file names, and no other", async (t) => {
  const authority = await createAuthority();
  const port = await listening(t, createTlsServer(await authority.server(["localhost"]), friendly));
  const server = `https://localhost:${port}`;
  const known = await whoami(t, server, "--ca-file ca.crt", { "ca.crt": authority.cert });
  assert.equal(known.code, 0, known.stderr);
  for (const refused of [
    await whoami(t, server),
    await whoami(t, server, "--ca-file other.crt", { "other.crt": (await createAuthority()).cert }),
    await whoami(t, `https://127.0.0.1:${port}`, "--ca-file ca.crt", { "ca.crt": authority.cert }),
  ]) {
    assert.equal(refused.code, 1);
    assert.match(
      refused.stderr,
      /cannot be asked \(\w+\); name the authority of its certificate with --ca-file/,
    );
  }
});

test("a server that is none of Postern's gets no second request, and nothing of it is believed", async (t) => {
  const elsewhere: string[] = [];
  const other = await listening(
    t,
    createServer(({ headers }, response) => {
      elsewhere.push(String(headers.authorization));
      response.end();
    }),
  );
  const problem = { "content-type": "application/problem+json" };
  const cases: readonly (readonly [RequestListener, RegExp])[] = [
    [(_, response) => void response.end("<html>hello"), /answered with status 200, and not as Postern does/],
    [
      (_, response) => void response.writeHead(200, JSON_TYPE).end("{"),
      /not as Postern does; check --server/,
    ],
    [
      (_, response) => void response.writeHead(302, { location: `http://127.0.0.1:${other}/` }).end(),
      /answered with status 302/,
    ],
    [(_, response) => void response.destroy(), /cannot be asked \(ECONNRESET\)/],
    [(_, response) => void response.writeHead(502, problem).end("[]"), /the request failed with status 502/],
    [
      (_, response) =>
        void response.writeHead(403, problem).end('{"title":"no\\u001b[2J\\nforged","detail":"\\u202ed"}'),
      /^postern: no\\u001b\[2J\\u000aforged\npostern: {3}\\u202ed\n$/,
    ],
    [
      (_, response) => void response.writeHead(200, JSON_TYPE).end(Buffer.alloc(65 * 1024 * 1024, " ")),
      /the answer is too large; ask for less/,
    ],
  ];
  for (const [answering, told] of cases) {
    const port = await listening(t, createServer(answering));
    const { code, stdout, stderr } = await whoami(t, `http://127.0.0.1:${port}`);
    assert.equal(code, 1, stderr);
    assert.match(stderr, told);
    assert.ok(!`${stdout}${stderr}`.includes(TOKEN));
  }
  assert.deepEqual(elsewhere, []);
});

test("a token that would cross a network unencrypted is warned of", async (t) => {
  const { stderr } = await whoami(t, "http://postern.invalid:1");
  assert.match(stderr, /^postern: warning: http:\/\/postern\.invalid:1 is not encrypted/);
});
