import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Interface } from "node:readline";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { readLines } from "../../src/audit/ledger/lines.ts";
import { verifyLedger } from "../../src/audit/ledger/verify.ts";
import { linesIn, recordOf } from "../support/ledger.ts";

const WRITER = resolve(import.meta.dirname, "../support/ledger-writer.ts");
const BUN = resolve(import.meta.dirname, "../../node_modules/bun/bin/bun.exe");
const RUNTIMES = [
  ["Node", process.execPath],
  ["Bun", BUN],
] as const;

interface Writer {
  readonly child: ChildProcess;
  readonly output: Interface;
}

function start(command: string, args: readonly string[]): Writer {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  return { child, output: createInterface({ input: child.stdout }) };
}

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "postern-ledger-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "audit.jsonl");
}

/** Ids of the events in a ledger, whose chain is whole. */
async function recordedIn(file: string): Promise<Set<string>> {
  const { findings } = await verifyLedger(readLines([file]), { keys: [], held: [] });
  assert.deepEqual(findings, []);
  // The last line may be half a record, which the next start cuts off.
  return new Set(linesIn(file).map((line) => String(recordOf(line).event["source"]).split(" ")[0] ?? ""));
}

/** Lets a writer write until it has confirmed `count` events, kills it, and returns all that it confirmed. */
async function killAfter(count: number, { child, output }: Writer): Promise<string[]> {
  const confirmed: string[] = [];
  for await (const line of output) {
    if (line.startsWith("ok ")) confirmed.push(line.slice(3));
    if (confirmed.length === count) child.kill("SIGKILL");
  }
  return confirmed;
}

const ROUNDS = 12;

for (const [name, runtime] of RUNTIMES)
  test(`no event that was confirmed is lost, and the chain stays whole, however often the writer is killed (${name})`, async (t) => {
    const file = place(t);
    const confirmed: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const writer = start(runtime, [WRITER, file, "flood", String(round)]);
      confirmed.push(...(await killAfter(1 + Math.floor(Math.random() * 100), writer)));
      const recorded = await recordedIn(file);
      assert.deepEqual(
        confirmed.filter((id) => !recorded.has(id)),
        [],
      );
    }
    assert.ok(confirmed.length >= ROUNDS);
  });

/** Says something to the writer, and returns its answer. */
type Say = (text: string) => Promise<string>;

/** What the tests of a full disk do, whatever fills it. */
async function fillAndFree(
  writer: Writer,
  file: string,
  makeRoom: (say: Say) => Promise<void>,
): Promise<void> {
  const answers = writer.output[Symbol.asyncIterator]();
  const answer = async () => String((await answers.next()).value);
  const say: Say = (text) => {
    writer.child.stdin?.write(`${text}\n`);
    return answer();
  };
  assert.equal(await answer(), "open");
  const confirmed: string[] = [];
  let refused = "";
  for (let n = 0; refused === "" && n < 100; n++) {
    const said = await say(`e${n}`);
    if (said.startsWith("ok ")) confirmed.push(said.slice(3));
    else refused = said;
  }
  assert.match(refused, /^no e\d+ audit\/unwritable$/);
  assert.ok(confirmed.length > 1);
  assert.match(await say("again"), /^no again audit\/unwritable$/);
  await makeRoom(say);
  assert.equal(await say("after"), "ok after");
  writer.child.stdin?.end();
  await new Promise((done) => writer.child.once("close", done));
  assert.deepEqual([...(await recordedIn(file))].slice(1), [...confirmed, "after"]);
}

for (const [name, runtime] of RUNTIMES) {
  test(`when the disk is full, appends are refused, what was confirmed is whole, and later ones work (${name})`, async (t) => {
    const file = place(t);
    const limit = `ulimit -S -f 200; exec "$0" "$@"`; // blocks of 1024 bytes: a file of that size is all that fits
    const writer = start("bash", ["-c", limit, runtime, WRITER, file]);
    t.after(() => writer.child.kill("SIGKILL"));
    await fillAndFree(writer, file, async () => {
      execFileSync("prlimit", ["--pid", String(writer.child.pid), "--fsize=unlimited:unlimited"]);
    });
  });
}

test("the same on a file system that has no room left", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "postern-disk-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const [disk, result] = [join(directory, "disk"), join(directory, "audit.jsonl")];
  // In a mount namespace of its own, which ends with the process; what is left at the end is copied out of it.
  const script = `
    set -e; mkdir "$1"; mount -t tmpfs -o size=400k tmpfs "$1"; head -c 100k /dev/zero > "$1/ballast"
    "$3" "$4" "$1/audit.jsonl"; cp "$1/audit.jsonl" "$2"`;
  const asRoot = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const args = [...asRoot, "--mount", "bash", "-c", script, "bash", disk, result, process.execPath, WRITER];
  const writer = start("unshare", args);
  t.after(() => writer.child.kill("SIGKILL"));
  await fillAndFree(writer, result, async (say) => {
    assert.equal(await say(`free ${join(disk, "ballast")}`), "freed");
  });
});
