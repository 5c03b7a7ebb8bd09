import assert from "node:assert/strict";
import { exec, execFile, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { promisify } from "node:util";
import pg from "pg";

const BIN = resolve(import.meta.dirname, "../../bin/postern");
const PORTS = ["--rest-port", "0", "--admin-port", "0"];
const directory = mkdtempSync(join(tmpdir(), "postern-demo-test-"));
chmodSync(directory, 0o711); // PostgreSQL's user must get through
const running = new Set<() => Promise<unknown>>();
after(async () => {
  for (const stop of running) await stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Starts the demo and reads what it prints until `until` is in it, or until it ends. */
async function demo(port: number, until: string) {
  const child = spawn(BIN, ["demo", "--port", String(port), ...PORTS, "--directory", directory], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const exited = new Promise<number | null>((done) => child.once("close", (code) => done(code)));
  const seen = new Promise<void>((done) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        if (line.includes(until)) done();
      });
    }
  });
  const stop = async () => {
    child.kill("SIGINT");
    return exited;
  };
  running.add(stop);
  void exited.then(() => running.delete(stop));
  await Promise.race([seen, exited]);
  return { text: () => lines.join("\n"), exited, stop };
}

function serverPid(): number {
  return Number(readFileSync(join(directory, "postgresql/data/postmaster.pid"), "utf8").split("\n")[0]);
}

async function connected(text: string, user: string, token: string, database: string) {
  const port = Number(/PGPORT=(\d+)/.exec(text)?.[1]);
  const password = readFileSync(join(directory, `${token}.token`), "utf8");
  const ssl = { ca: readFileSync(join(directory, "ca.crt"), "utf8") };
  const client = new pg.Client({ host: "localhost", port, database, user, password, ssl });
  await client.connect();
  return client;
}

async function query(text: string, user: string, token: string, sql: string) {
  const client = await connected(text, user, token, "shop");
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The lines for curl that the demo printed, as a shell runs them. */
function curls(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith("  curl "));
}

async function answersOf(text: string): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const line of curls(text)) {
    const { stdout } = await promisify(exec)(line);
    answers.push(JSON.parse(stdout));
  }
  return answers;
}

/** Stands in for psql on a machine without it: takes the same options, and prints or fails as psql does. */
const PSQL = `#!${process.execPath}
import pg from "${resolve(import.meta.dirname, "../../node_modules/pg/lib/index.js")}";
import { readFileSync } from "node:fs";
const [, , , database, , user, , sql] = process.argv;
const client = new pg.Client({ database, user, ssl: { ca: readFileSync(process.env.PGSSLROOTCERT) } });
try {
  await client.connect();
  for (const row of (await client.query(sql)).rows) console.log(Object.values(row).join("|"));
  await client.end();
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
`;

/** Runs a line as it was printed, after the exports that were printed. */
async function typed(text: string, line: string) {
  writeFileSync(join(directory, "psql"), PSQL, { mode: 0o755 });
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  const exports = text.split("\n").filter((one) => one.startsWith("  export "));
  const PATH = `${directory}${delimiter}${process.env["PATH"] ?? ""}`;
  const env = { ...process.env, PATH, PGSSLMODE: "", POSTERN_TOKEN: undefined };
  const script = [...exports, "unset PGSSLMODE", line].join("\n");
  return promisify(execFile)("bash", ["-c", script], { env }).catch(
    (error: { readonly code: number; readonly stdout: string; readonly stderr: string }) => error,
  );
}

/** Looks into the ledger by the lines that were printed. */
async function inLedger(text: string): Promise<void> {
  const [query = "", verify = ""] = text
    .split("\n")
    .filter((line) => line.startsWith("  bin/postern audit "));
  const { stdout } = await typed(text, query);
  for (const event of ["login.allowed", "login.denied", "access.approved", "grant.ended"])
    assert.match(stdout, new RegExp(` ${event} `));
  assert.match((await typed(text, verify)).stdout, /\nwhole: nothing was edited/);
}

const codeOf = (answer: unknown) => (answer as { readonly code?: string }).code;

test("the demo lets each sample person do what it says, and leaves nothing running", async () => {
  const first = await demo(0, "Stop with Ctrl-C");
  const text = first.text();
  assert.match(text, /making a PostgreSQL data directory/);
  const [ada] = await query(text, "analyst", "ada", "SELECT count(*)::int AS orders FROM orders");
  const [ben] = await query(
    text,
    "clerk_north",
    "ben",
    "SELECT count(DISTINCT region)::int AS regions FROM orders",
  );
  const [cleo] = await query(text, "shop_owner", "cleo", "SELECT current_user AS who");
  assert.deepEqual([ada?.orders, ben?.regions, cleo?.who], [120, 1, "shop_owner"]);
  await assert.rejects(query(text, "analyst", "ada", "DELETE FROM orders"), { code: "42501" });
  await assert.rejects(query(text, "shop_owner", "ada", "SELECT 1"), { code: "28000" });
  await assert.rejects(query(text, "analyst", "expired", "SELECT 1"), { code: "28P01" });
  const [turnover, orders, best, deleted, products, entered, expired] = await answersOf(text);
  assert.ok(Array.isArray(turnover) && turnover.length > 0);
  assert.ok(Array.isArray(orders) && orders.length === 3 && "products" in orders[0]);
  assert.equal(typeof best, "string");
  assert.equal(codeOf(deleted), "42501");
  assert.ok(Array.isArray(products) && products.length === 2);
  assert.ok(Array.isArray(entered) && entered[0].region === "north");
  assert.equal(codeOf(expired), "PGRST303");
  await onRequest(text);
  await inLedger(text);
  const pid = serverPid();
  assert.equal(await first.stop(), 0);
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
  assert.ok(!existsSync(join(directory, "postgresql/data/postmaster.pid")));

  const second = await demo(0, "Stop with Ctrl-C");
  assert.doesNotMatch(second.text(), /making a PostgreSQL data directory/);
  await query(second.text(), "analyst", "ada", "SELECT 1");
  assert.equal(await second.stop(), 0);
});

/** What the demo prints about access for a while, line by line: refused, approved, in, and cut. */
async function onRequest(text: string): Promise<void> {
  const [before, requests, approve, during, grants, revoke, afterwards, offers, request] = text
    .slice(text.indexOf("Access for a while"))
    .split("\n")
    .filter((line) => /^ {2}(PGPASSWORD|bin\/postern (?!explain))/.test(line))
    .map((line) => () => typed(text, line));
  assert.match((await before?.())?.stderr ?? "", /is not open to you here/);
  assert.match(
    (await requests?.())?.stdout ?? "",
    /pending +demo\/shop-owner +ben +30m .* ticket 4711: prices are wrong/,
  );
  assert.match((await approve?.())?.stdout ?? "", /is active: it ends in 30m/);
  assert.equal((await during?.())?.stdout, "shop_owner\n");
  assert.match((await grants?.())?.stdout ?? "", /ben +Role\/shop-owner +demo +in 30m +1 +active/);
  const open = await connected(text, "shop_owner", "ben", "onrequest/shop");
  const cut = new Promise<Error>((done) => open.on("error", done));
  assert.match((await revoke?.())?.stdout ?? "", /is ended/);
  assert.match((await cut).message, /its right was taken away/);
  assert.match((await afterwards?.())?.stderr ?? "", /is not open to you here/);
  assert.match(
    (await offers?.())?.stdout ?? "",
    /shop-owner +demo +Role\/shop-owner +1h +1 approval, with a reason/,
  );
  assert.match((await request?.())?.stdout ?? "", /is pending: it needs 1 more approval/);
}

test("a port that is taken is said so, with the option that names another", async () => {
  const taken = createServer();
  await new Promise<void>((done) => taken.listen(0, "127.0.0.1", done));
  const { port } = taken.address() as AddressInfo;
  const refused = await demo(port, "Stop with Ctrl-C");
  assert.equal(await refused.exited, 1);
  assert.match(
    refused.text(),
    new RegExp(`127.0.0.1:${port} is in use; stop what listens there, or choose another address with --port`),
  );
  assert.ok(!existsSync(join(directory, "postgresql/data/postmaster.pid")));
  taken.close();
});
