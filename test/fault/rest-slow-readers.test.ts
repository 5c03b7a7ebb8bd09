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
      CREATE TABLE api.small AS SELECT 1 AS id;
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
async function lazyReader() {
  const socket = connect({ port: world.gateway.port, host: "127.0.0.1" });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(`GET /large HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${world.token("web")}\r\n\r\n`);
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
  const readers = await Promise.all(Array.from({ length: READERS }, lazyReader));
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
