import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { readCheckpoint } from "../../src/audit/ledger/checkpoint.ts";
import { verifyLedger } from "../../src/audit/ledger/verify.ts";
import { eventually } from "../support/eventually.ts";
import { asLines, linesIn } from "../support/ledger.ts";
import { startWorld } from "../support/world.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const directory = mkdtempSync(join(tmpdir(), "postern-forwards-"));
const file = join(directory, "audit.jsonl");

/** What each receiver got. */
const posts: { readonly signature: string; readonly signed: string; readonly body: string }[] = [];
const datagrams: string[] = [];
let stream = "";
let refusals = 2;

const web = createHttpServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    refusals -= 1;
    if (refusals >= 0) return response.writeHead(503).end();
    const [id, time] = [request.headers["webhook-id"], request.headers["webhook-timestamp"]];
    posts.push({
      signature: String(request.headers["webhook-signature"]),
      signed: `${id}.${time}.${body}`,
      body,
    });
    return response.writeHead(204).end();
  });
});
const udp = createSocket("udp4").on("message", (message) => datagrams.push(message.toString()));
const tcp = createServer((socket) => {
  socket.setEncoding("utf8").on("data", (chunk) => {
    stream += chunk;
  });
});

before(async () => {
  web.listen(0, "127.0.0.1");
  tcp.listen(0, "127.0.0.1");
  udp.bind(0, "127.0.0.1");
  await Promise.all([once(web, "listening"), once(tcp, "listening"), once(udp, "listening")]);
});
after(() => {
  web.close();
  tcp.close();
  udp.close();
  rmSync(directory, { recursive: true, force: true });
});

const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

/** The messages of a stream of counted octets, RFC 6587 §3.4.1. */
function framesIn(text: string): string[] {
  const bytes = Buffer.from(text);
  const frames: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(" ", at);
    const length = Number(bytes.toString("latin1", at, space));
    frames.push(bytes.toString("utf8", space + 1, space + 1 + length));
    at = space + 1 + length;
  }
  return frames;
}

const recordIn = (message: string) => message.slice(message.indexOf("{"));

test("every record reaches the webhook, syslog and standard output, and can be verified there", async () => {
  const url = `http://127.0.0.1:${portOf(web)}/audit`;
  const world = await startWorld({
    config: {
      audit: {
        node: "gw1",
        sink: { kind: "file", path: file },
        signingKey: join(directory, "audit.key"),
        forwards: [
          { kind: "webhook", url, secret: SECRET },
          { kind: "syslog", port: portOf(udp), only: "checkpoints" },
          { kind: "syslog", protocol: "tcp", port: portOf(tcp), facility: 16 },
          { kind: "stdout" },
        ],
      },
    },
  });
  await world.freshLoginWorks();
  await eventually("the end of the session at the webhook", () =>
    posts.some(({ body }) => body.includes("session.ended.v1")),
  );
  await world.stop();
  const kept = linesIn(file);

  const posted = posts.flatMap(({ body }) =>
    (JSON.parse(body) as object[]).map((record) => JSON.stringify(record)),
  );
  assert.deepEqual(posted, kept);
  for (const { signature, signed } of posts)
    assert.equal(signature, `v1,${createHmac("sha256", SECRET).update(signed).digest("base64")}`);
  const { ok } = await verifyLedger(asLines(posted), { keys: [], held: [] });
  assert.equal(ok, true);

  await eventually("the last record in the stream", () => framesIn(stream).length >= kept.length);
  assert.deepEqual(framesIn(stream).map(recordIn), kept);
  assert.match(stream, /^\d+ <133>1 \d{4}-\S+Z gw1 postern \d+ ledger\.begun\.v1 - \{/);

  const output = world.gateway.output();
  for (const line of kept.slice(0, -2)) assert.ok(output.includes(line));

  const checkpoints = () => datagrams.map((message) => readCheckpoint(JSON.parse(recordIn(message))));
  await eventually("the last checkpoint", () => checkpoints().at(-1)?.seq === kept.length - 1);
  assert.ok(checkpoints().length >= 2);
});
