/** Clients that ask for much and read little hold no more of the gateway's memory than the configuration says. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const MB = 1024 * 1024;
const BOUND = 48;
const READERS = 8;
/** What the gateway takes beside answers: pieces on their way, garbage that was not collected yet. */
const BESIDE = 100 * MB;

let world: RestWorld;
before(async () => {
  world = await startRest({
    sql: `
      CREATE TABLE api.large AS SELECT n AS id, repeat('x', 1000) AS body FROM generate_series(1, 40000) n;
      CREATE VIEW api.huge AS SELECT * FROM api.large UNION ALL SELECT * FROM api.large;
      CREATE TABLE api.small AS SELECT 1 AS id;
      CREATE TABLE api.kept (id int, body text DEFAULT repeat('y', 700000));
      CREATE FUNCTION api.keep() RETURNS text VOLATILE LANGUAGE sql AS
        'INSERT INTO api.kept VALUES (2) RETURNING body';
      CREATE FUNCTION api.keep_rows() RETURNS SETOF api.kept VOLATILE LANGUAGE sql AS
        'INSERT INTO api.kept VALUES (3) RETURNING *';
    `,
    env: {
      POSTERN__DOORS__REST__REQUESTS__ANSWERS_IN_MEMORY: `${BOUND}MB`,
      PGRST_DB_POOL: String(READERS + 2),
    },
  });
});
after(() => world?.stop());

function memory(): number {
  const status = readFileSync(`/proc/${world.gateway.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

/** Asks for something large, and reads the head of the answer only. */
async function lazyReader(path: string) {
  const socket = connect({ port: world.gateway.port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${world.token("web")}\r\n\r\n`);
  const head = once(socket, "data").then(([chunk]) => {
    socket.pause();
    return String(chunk);
  });
  return { socket, head };
}

/** Reads all of an answer. */
function readAll(path: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const { port } = world.gateway;
  const headers = { authorization: `Bearer ${world.token("web")}` };
  const asked = request({ host: "127.0.0.1", port, path, headers, agent: false }, (response) => {
    let length = 0;
    response.on("data", (chunk: Buffer) => (length += chunk.length));
    response.on("end", () => resolve(length));
  });
  asked.on("error", reject);
  asked.end();
  return promise;
}

test("many slow readers of large answers are bounded together; small answers are served meanwhile", async (t) => {
  const length = await readAll("/large");
  const before = memory();
  const readers = await Promise.all(Array.from({ length: READERS }, () => lazyReader("/large")));
  const answers = Promise.all(readers.map(({ head }) => head));
  assert.ok((await readAll("/small")) > 0);
  const heads = await answers;
  const served = heads.filter((head) => head.startsWith("HTTP/1.1 200 "));
  const refused = heads.filter((head) => head.startsWith("HTTP/1.1 503 "));
  assert.equal(served.length, 1);
  assert.equal(refused.length, READERS - 1);
  for (const head of refused) {
    assert.match(head, /^Retry-After: 1\r$/m);
    assert.match(head, /\{"code":"53200","details":null,"hint":null,"message":"too many large answers/);
  }
  const grown = memory() - before;
  t.diagnostic(`${Math.round(grown / MB)} MB more for ${READERS} answers of ${Math.round(length / MB)} MB`);
  assert.ok(grown < BESIDE, `${Math.round(grown / MB)} MB`);
  for (const { socket } of readers) socket.destroy();
  await eventually("room for the next", async () => (await readAll("/large")) === length);
});

const writes = [
  ["an insert", "POST /kept", { id: 1 }],
  ["an update", "PATCH /kept?id=eq.0", { id: 4 }],
  ["a function", "POST /rpc/keep", {}],
  ["a function that gives rows", "POST /rpc/keep_rows", {}],
] as const;
test("a write whose answer finds no room is taken back, so that its error is true", async () => {
  await world.postgres.query("INSERT INTO api.kept VALUES (0)");
  const reader = await lazyReader("/huge"); // more than the bound: nothing fits beside it
  assert.match(await reader.head, /^HTTP\/1.1 200 /);
  const answers = writes.map(async ([what, line, body]) => {
    const headers = { prefer: "return=representation" };
    const { status, text } = await world.ask(line, { as: "web", body, headers });
    return [what, status, text.slice(0, 100)];
  });
  for (const [what, status, text] of await Promise.all(answers)) {
    assert.equal(status, 503, `${what}: ${text}`);
    assert.match(String(text), /too many large answers/);
  }
  assert.deepEqual(await world.postgres.query("SELECT id FROM api.kept"), [{ id: 0 }]);
  reader.socket.destroy();
});
