/** Row 31: who needs no token to be served is a stranger all the same, and strangers are bounded. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";
import { Client } from "./rest-http/stage.ts";

const PER_ADDRESS = 3;

let world: RestWorld;
before(async () => {
  world = await startRest({
    sql: "CREATE TABLE api.notes AS SELECT 1 AS id; GRANT SELECT ON api.notes TO anon;",
    env: { POSTERN__LIMITS__UNAUTHENTICATED_PER_ADDRESS: String(PER_ADDRESS) },
  });
});
after(() => world?.stop());

async function connection(): Promise<Client> {
  const socket = connect({ port: world.gateway.port, host: "127.0.0.1", allowHalfOpen: true });
  const client = new Client(socket);
  await once(socket, "connect");
  return client;
}

/** A connection that stays open behind an answer. */
async function served(authorization: string): Promise<Client> {
  const client = await connection();
  client.send(`GET /notes HTTP/1.1\r\nHost: a\r\n${authorization}\r\n`);
  const answer = await client.upTo('[{"id":1}]');
  assert.match(answer, /^HTTP\/1\.1 200 /);
  return client;
}

test("connections of requests without a token stay bounded for one address, and a token frees its own", async () => {
  const bearer = `Authorization: Bearer ${world.token("web")}\r\n`;
  const clients: Client[] = [];
  for (let at = 0; at < 2 * PER_ADDRESS; at++) clients.push(await served(bearer));
  for (let at = 0; at < PER_ADDRESS; at++) clients.push(await served(""));
  const oneMore = await connection();
  assert.equal(await oneMore.toEnd(), "", "one more stranger is not answered");
  const last = clients.at(-1);
  last?.send(`GET /notes HTTP/1.1\r\nHost: a\r\n${bearer}\r\n`);
  await last?.upTo('[{"id":1}]');
  clients.push(await served(""));
  for (const { socket } of [...clients, oneMore]) socket.destroy();
});
