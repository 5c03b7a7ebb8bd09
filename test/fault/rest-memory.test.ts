/** Large bodies cost the gateway about their own length in memory, and not a multiple of it. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { RestWorld } from "../support/rest.ts";
import { startRest } from "../support/rest.ts";

const MB = 1024 * 1024;
/** The goal is three times the body; a busy machine's collector of garbage may come late by this much. */
const TIMES = 3;
const LATE = 16 * MB;
/** A piece of a body as clients send them. */
const PIECE = 65_536;

let world: RestWorld;
before(async () => {
  world = await startRest({
    sql: `
      CREATE TABLE api.rows (id int, body text);
      CREATE TABLE api.narrow AS SELECT n AS id, repeat('x', 130) AS body FROM generate_series(1, 100000) n;
      CREATE TABLE api.wide AS SELECT n AS id, repeat('y', 500) AS body FROM generate_series(1, 100000) n;
    `,
  });
  await send("POST /rows", { body: Buffer.from('[{"id":1,"body":"the first"}]'), type: "application/json" });
});
after(() => world?.stop());

const rowOf = (n: number): string => `${n} ${"z".repeat(480)}`;

function json(bytes: number): Buffer {
  const count = Math.ceil(bytes / 500);
  const rows = Array.from({ length: count }, (_, n) => `{"id":${n},"body":"${rowOf(n)}"}`);
  return Buffer.from(`[${rows.join(",")}]`);
}

function csv(bytes: number): Buffer {
  const rows = Array.from({ length: Math.ceil(bytes / 490) }, (_, n) => `${n},${rowOf(n)}`);
  return Buffer.from(`id,body\n${rows.join("\n")}`);
}

interface Sent {
  readonly body: Buffer;
  readonly type: string;
  /** In the chunked coding: its length is not announced. */
  readonly chunked?: boolean;
}

/** Sends a body in pieces, and lets the answer pass by. Returns how long that was. */
function send(line: string, sent?: Sent): Promise<number> {
  const [method = "", path = ""] = line.split(" ");
  const headers = { authorization: `Bearer ${world.token("web")}` };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asked = request({ host: "127.0.0.1", port: world.gateway.port, method, path, headers });
  asked.on("error", reject);
  asked.on("response", (response) => {
    let length = 0;
    response.on("data", (chunk: Buffer) => (length += chunk.length));
    response.on("error", reject);
    response.on("end", () => {
      if ((response.statusCode ?? 500) < 300) resolve(length);
      else reject(new Error(`status ${response.statusCode}`));
    });
  });
  if (sent !== undefined) {
    asked.setHeader("content-type", sent.type);
    if (sent.chunked !== true) asked.setHeader("content-length", sent.body.length);
    for (let at = 0; at < sent.body.length; at += PIECE) asked.write(sent.body.subarray(at, at + PIECE));
  }
  asked.end();
  return promise;
}

function memory(field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${world.gateway.pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
}

/** The allocator keeps what was freed for a second, before it gives it back to the system. */
const KEPT_MS = 1500;
const LOOK_MS = 100;

/** Waits until no more memory of what was before is given back: it is not what comes next that takes it. */
async function settled(): Promise<void> {
  let least = memory("VmRSS");
  for (let still = 0; still < KEPT_MS; still += LOOK_MS) {
    await setTimeout(LOOK_MS);
    const now = memory("VmRSS");
    if (now >= least - MB) continue;
    least = now;
    still = 0;
  }
}

/** The most memory that the gateway has during something, more than it had before it ever saw a large body. */
async function peakOf(idle: number, run: () => Promise<number>): Promise<{ peak: number; length: number }> {
  writeFileSync(`/proc/${world.gateway.pid}/clear_refs`, "5"); // begins VmHWM anew: proc_pid_clear_refs(5)
  const length = await run();
  return { peak: memory("VmHWM") - idle, length };
}

interface Case {
  readonly title: string;
  readonly run: () => Promise<number>;
}

function insert(make: () => Buffer, more: Omit<Sent, "body">): () => Promise<number> {
  return async () => {
    const body = make();
    await send("POST /rows", { body, ...more });
    return body.length;
  };
}

const JSON_TYPE = "application/json";
const cases: readonly Case[] = [
  { title: "a read of 100,000 rows", run: () => send("GET /narrow") },
  { title: "an insert of 50 MB of JSON", run: insert(() => json(50 * MB), { type: JSON_TYPE }) },
  {
    title: "an insert of 50 MB of JSON whose length nobody announced",
    run: insert(() => json(50 * MB), { type: JSON_TYPE, chunked: true }),
  },
  { title: "an insert of 40 MB of CSV", run: insert(() => csv(40 * MB), { type: "text/csv" }) },
  { title: "a read of 50 MB", run: () => send("GET /wide") },
];

describe("memory", { skip: process.platform === "linux" ? false : "skipped: /proc is Linux's" }, () => {
  let idle: number;
  before(() => {
    idle = memory("VmRSS");
  });
  for (const { title, run } of cases)
    test(`${title} takes less than three times its length, also when it is repeated`, async (t) => {
      for (const round of [1, 2, 3]) {
        if (round === 1) await settled();
        const { peak, length } = await peakOf(idle, run);
        const said = `round ${round}: ${Math.round(peak / MB)} MB for ${Math.round(length / MB)} MB`;
        t.diagnostic(said);
        assert.ok(peak < TIMES * length + LATE, said);
      }
    });
});
