/** Rows 24 and 31: bodies that cost the gateway much more than their length. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { testFeature } from "../support/feature.ts";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";
import { Client } from "./rest-http/stage.ts";

const MB = 1024 * 1024;

let world: RestWorld;
before(async () => {
  world = await startRest({
    sql: `
      CREATE TABLE api.notes (id int, body text);
      CREATE FUNCTION api.echo(arg text) RETURNS text LANGUAGE sql AS 'SELECT arg';
    `,
  });
});
after(() => world?.stop());

/** The most memory that the gateway ever had, in bytes. */
function peakMemory(): number {
  const status = readFileSync(`/proc/${world.gateway.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

const bodies: readonly (readonly [what: string, type: string, body: () => string])[] = [
  [
    "rows of CSV below a header that is long",
    "text/csv",
    () => `${"a".repeat(10_000)}\n${"1\n".repeat(200_000)}`,
  ],
  ["fields of CSV", "text/csv", () => ",".repeat(4 * MB)],
  ["keys of a JSON object", "application/json", () => `{${'"":1,'.repeat(2 * MB)}"":1}`],
  ["keys of the second row", "application/json", () => `[{},{${'"":1,'.repeat(2 * MB)}"":1}]`],
];

for (const [what, type, body] of bodies)
  testFeature(
    { feature: "body.bounds" },
    `a flood of ${what} is refused and costs little memory`,
    async () => {
      await world.ask("GET /notes");
      const before = peakMemory();
      for (const target of ["/notes", "/rpc/echo"]) {
        const answer = await world.ask(`POST ${target}`, { body: body(), headers: { "content-type": type } });
        assert.equal(answer.status, 400, answer.text.slice(0, 200));
        assert.equal((answer.json() as { code: string }).code, "PGRST102");
      }
      const grown = peakMemory() - before;
      assert.ok(grown < 700 * MB, `${Math.round(grown / MB)} MB`);
    },
  );

testFeature({ feature: "body.bounds" }, "a large form is refused before it is read", async () => {
  const answer = await world.ask("POST /rpc/echo", {
    body: `${"a&".repeat(990)}${"b".repeat(32 * MB)}`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  assert.equal(answer.status, 400, answer.text.slice(0, 200));
});

test("CSV as large as anybody sends is taken", async () => {
  const rows = Array.from({ length: 50_000 }, (_, n) => `${n},"some text, ${n}"`);
  const answer = await world.ask("POST /notes", {
    as: "web",
    body: `id,body\n${rows.join("\n")}`,
    headers: { "content-type": "text/csv", prefer: "count=exact" },
  });
  assert.equal(answer.status, 201, answer.text.slice(0, 200));
  assert.equal(answer.headers["content-range"], "*/50000");
});

/** Announces a body that it never sends. Returns the status line and the error. */
async function announce(line: string, headers: Readonly<Record<string, string>>): Promise<[number, string]> {
  const socket = connect({ port: world.gateway.port, host: "127.0.0.1", allowHalfOpen: true });
  const client = new Client(socket);
  await once(socket, "connect");
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  client.send(`${line} HTTP/1.1\r\nHost: a\r\n${fields.join("")}Content-Length: ${60 * MB}\r\n\r\n`);
  const answer = await client.toEnd();
  socket.destroy();
  return [Number(answer.split(" ")[1]), /"code":"(\w+)"/.exec(answer)?.[1] ?? answer];
}

const early: readonly (readonly [what: string, line: string, token: string, status: number, code: string])[] =
  [
    ["a table that there is not", "POST /nothing", "", 404, "PGRST205"],
    ["a table that there is not, to be changed", "PATCH /nothing?id=eq.1", "", 404, "PGRST205"],
    ["a function that there is not", "POST /rpc/nothing", "", 404, "PGRST202"],
    ["somebody whose token is not accepted", "POST /notes", "a.b.c", 401, "PGRST301"],
  ];
for (const [what, line, token, status, code] of early)
  test(`a large body for ${what} is refused before it is read`, async () => {
    const authorization = token === "" ? {} : { authorization: `Bearer ${token}` };
    const headers = { "content-type": "application/json", ...authorization };
    assert.deepEqual(await announce(line, headers), [status, code]);
  });
