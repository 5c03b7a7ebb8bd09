import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mintToken, newKeyPair } from "../../src/identity/mint.ts";
import type { KeyServer } from "../support/key-server.ts";
import { publishing, startKeyServer } from "../support/key-server.ts";
import { RawClient } from "../support/raw-client.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

type Handler = Parameters<KeyServer["serve"]>[0];

const GOOD = "https://good.test";
const first = newKeyPair("EdDSA");
const second = newKeyPair("ES256");

/** Issuers whose key servers are of no use, by what is wrong with them. */
const outages: Readonly<Record<string, Handler>> = {
  error: (_, response) => response.writeHead(500).end(),
  reset: (request) => request.socket.destroy(),
  silent: () => {},
  slow: (_, response) => response.writeHead(200).write('{"keys":'),
  huge: (_, response) => response.writeHead(200).end(`{"keys":[],"x":"${"x".repeat(1024 * 1024)}"}`),
  redirect: (_, response) => response.writeHead(302, { location: `${server.url}/good` }).end(),
  html: (_, response) => response.writeHead(200).end("<html>"),
  empty: (_, response) => response.writeHead(200).end('{"keys":[]}'),
};

let server: KeyServer;
let world: World;
let published = first;
before(async () => {
  server = await startKeyServer();
  server.serve((request, response) => {
    const name = (request.url ?? "").slice(1);
    const publish = publishing([published.publicPem], { "cache-control": "max-age=1" });
    (outages[name] ?? publish)(request, response);
  });
  const issuer = (name: string) => ({
    name,
    issuer: `https://${name}.test`,
    keys: { jwksUrl: `${server.url}/${name}` },
  });
  world = await startWorld({ config: { issuers: ["good", ...Object.keys(outages)].map(issuer) } });
});
after(async () => {
  await world.stop();
  await server.close();
});

function token(iss = GOOD, pem = first.privatePem): string {
  const now = Math.floor(Date.now() / 1000);
  return mintToken(pem, { iss, sub: "ada", iat: now, exp: now + 3600 });
}

async function freshLoginWorks(password = token()): Promise<void> {
  const client = await world.connect({ password });
  await client.query("SELECT 1");
  await client.end();
}

for (const name of Object.keys(outages)) {
  test(`attack 11: a key server with this fault, ${name}, lets nobody in, says so, and disturbs no other issuer`, async () => {
    await assert.rejects(world.connect({ password: token(`https://${name}.test`) }), {
      code: "08006",
      message: /^tokens cannot be verified at the moment; try again shortly \([0-9a-f]{12}\)$/,
    });
    const line = await world.gateway.logged(
      (entry) => entry.event === "keys.failed.v1" && entry["issuer"] === name,
    );
    assert.ok(String(line["detail"]).length > 5);
    await freshLoginWorks();
  });
}

test("attack 11: a reload during an outage of the key server ends no session, and known keys go on letting people in", async () => {
  const client = await world.connect({ password: token() });
  server.serve((request) => request.socket.destroy());
  const seen = new Set(world.gateway.log);
  world.gateway.process.kill("SIGHUP");
  await world.gateway.logged((line) => line.event === "config.loaded.v1" && !seen.has(line));
  await client.query("SELECT 1");
  await freshLoginWorks();
  await client.end();
});

test("attack 29: a reload whose new key server gives no keys is refused, and ends no session", async () => {
  const client = await world.connect({ password: token() });
  const issuers = world.config["issuers"] as { name: string; keys: { jwksUrl: string } }[];
  const moved = (place: string) => ({
    ...world.config,
    issuers: issuers.map((issuer) =>
      issuer.name === "good" ? { ...issuer, keys: { jwksUrl: `${server.url}/${place}` } } : issuer,
    ),
  });
  server.serve((request, response) => {
    if (request.url === "/moved") publishing([first.publicPem])(request, response);
    else response.writeHead(500).end();
  });
  const seen = new Set(world.gateway.log);
  world.gateway.configure(moved("gone"));
  const line = await world.gateway.logged((one) => one.event === "config.refused.v1" && !seen.has(one));
  assert.match(
    String(line["detail"]),
    /^keys cannot be had: issuer "good": .*500.*; reload again \(SIGHUP\)/,
  );
  await client.query("SELECT 1");
  await freshLoginWorks();
  world.gateway.configure(moved("moved"));
  await world.gateway.logged((one) => one.event === "config.loaded.v1" && !seen.has(one));
  await client.query("SELECT 1");
  await freshLoginWorks();
  await client.end();
  server.serve(publishing([first.publicPem], { "cache-control": "max-age=1" }));
  world.gateway.configure(world.config);
  const before = new Set(world.gateway.log);
  await world.gateway.logged((one) => one.event === "config.loaded.v1" && !before.has(one));
});

test("attack 10: a key that is no longer published ends its sessions, and a token that was taken before is refused", async () => {
  const old = token();
  const client = await RawClient.tls({ port: world.gateway.port, ca: world.ca });
  await client.logIn("ada", old);
  published = second;
  server.serve(publishing([second.publicPem]));
  const seen = new Set(world.gateway.log);
  // Half a minute at most: an issuer is not asked more often.
  await world.gateway.logged(
    (line) => line.event === "keys.loaded.v1" && line["issuer"] === "good" && !seen.has(line),
  );
  const { code, message } = await client.refusal();
  assert.equal(code, "57P01");
  assert.match(message, /its right was taken away/);
  await assert.rejects(world.connect({ password: old }), { code: "28P01" });
  await freshLoginWorks(token(GOOD, second.privatePem));
});
