import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { asTail } from "../../../src/audit/ledger/file-end.ts";
import { sealEvent } from "../../../src/audit/ledger/record.ts";
import type { Event } from "../../../src/base/event.ts";
import type { SessionId } from "../../../src/base/ids.ts";
import { recordOf } from "../../support/ledger.ts";
import { exampleDirectory, readIn, shell, writeIn } from "../../support/postern.ts";

const BIN = resolve(import.meta.dirname, "../../../bin/postern");

function linesIn(directory: string): string[] {
  return readIn(directory, "audit.jsonl").split("\n").slice(0, -1);
}

/** Adds a login that was refused, with whatever a client chose as its role. */
function denyIn(directory: string, role: string): void {
  const event: Event = {
    event: "login.denied.v1",
    session: "5f0c6a91d2be" as SessionId,
    door: "postgres",
    peer: { address: "192.0.2.7", port: 5000, tls: true },
    subject: undefined,
    cluster: "main",
    database: "shop",
    role,
    code: "identity/expired",
    detail: "expired",
  };
  const { line } = sealEvent(event, Date.now(), asTail(recordOf(linesIn(directory).at(-1))));
  appendFileSync(join(directory, "audit.jsonl"), `${line}\n`);
}

const VERIFY = "postern audit verify --file audit.jsonl --key audit.pub --checkpoint held-elsewhere.jsonl";

test("a ledger that nobody touched is found to be whole", (t) => {
  const { code, stdout } = shell(VERIFY, exampleDirectory(t));
  assert.equal(code, 0);
  assert.match(stdout, /records 1 to 3, signed to 2, held elsewhere to 2\nwhole: /);
});

test("an edited record is named, and the exit code says it", (t) => {
  const directory = exampleDirectory(t);
  writeIn(directory, "audit.jsonl", readIn(directory, "audit.jsonl").replace("postern.yaml", "another.yaml"));
  const { code, stdout, stderr } = shell(VERIFY, directory);
  assert.equal(code, 1);
  assert.match(stdout, /FAIL {2}gw1\/\w+ {2}audit\.jsonl:2: the line was edited/);
  assert.match(stderr, /is not what was written/);
});

test("a ledger that was cut off is found by the checkpoint from elsewhere, as JSON too", (t) => {
  const directory = exampleDirectory(t);
  writeIn(directory, "audit.jsonl", `${linesIn(directory)[0]}\n`);
  const { code, stdout } = shell(`${VERIFY} --json`, directory);
  assert.equal(code, 1);
  const { ok, findings } = JSON.parse(stdout);
  assert.equal(ok, false);
  assert.deepEqual(
    findings.map(({ kind, seq }: { kind: string; seq?: number }) => [kind, seq]),
    [
      ["truncated", 2],
      ["unsigned", undefined],
    ],
  );
});

test("what verify has not looked at, it says", (t) => {
  const { code, stderr } = shell("postern audit verify --file audit.jsonl", exampleDirectory(t));
  assert.equal(code, 0);
  assert.match(stderr, /signatures were not looked at; give --key/);
  assert.match(stderr, /whether the end was cut off cannot be seen from inside; give --checkpoint/);
  const json = shell("postern audit verify --file audit.jsonl --json", exampleDirectory(t));
  assert.deepEqual(JSON.parse(json.stdout).notes, [
    "signatures were not looked at; give --key",
    "whether the end was cut off cannot be seen from inside; give --checkpoint",
  ]);
});

test("records are shown on one line each, and nothing that a client sent reaches the terminal as it is", (t) => {
  const directory = exampleDirectory(t);
  denyIn(directory, "x\n2026-11-24 login.allowed role=root\u001b[2J\u202e");
  const { code, stdout } = shell("postern audit tail --file audit.jsonl", directory);
  assert.equal(code, 0);
  assert.equal(stdout.split("\n").length, 5);
  assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
  assert.match(stdout, /login\.denied cluster=main code=identity\/expired .* role="x\\n2026/);
});

test("records are found by event, session and time, and none that is not wanted", (t) => {
  const directory = exampleDirectory(t);
  denyIn(directory, "ada");
  const count = (options: string) => {
    const { code, stdout } = shell(`postern audit query --file audit.jsonl --json ${options}`, directory);
    assert.equal(code, 0, options);
    return stdout.split("\n").length - 1;
  };
  assert.equal(count("--event login"), 1);
  assert.equal(count("--event login.denied.v1 --since 1h --cluster main"), 1);
  assert.equal(count("--event login --cluster other"), 0);
  assert.equal(count("--session 5f0c6a91d2be"), 1);
  assert.equal(count("--event ledger"), 2);
  assert.equal(count("--until 1h"), 0);
  assert.equal(count("--limit 2"), 2);
});

test("an export as CSV has a line for each record, and no cell that a spreadsheet would run", (t) => {
  const directory = exampleDirectory(t);
  denyIn(directory, '=HYPERLINK("http://x")');
  const { code, stdout } = shell("postern audit export --file audit.jsonl --format csv", directory);
  assert.equal(code, 0);
  const lines = stdout.split("\r\n");
  assert.equal(lines.length, 6);
  assert.match(
    lines[4] ?? "",
    /^4,.*,login\.denied\.v1,,5f0c6a91d2be,postgres,192\.0\.2\.7,main,shop,"'=HYPERLINK\(""http/,
  );
});

test("the key is made once, for its owner only, and its public half is printed", (t) => {
  const directory = exampleDirectory(t);
  const made = shell("postern audit key --file new.key", directory);
  assert.match(made.stdout, /^-----BEGIN PUBLIC KEY-----\n[^-]+-----END PUBLIC KEY-----\n$/);
  assert.equal(statSync(join(directory, "new.key")).mode & 0o777, 0o600);
  const again = shell("postern audit key --file new.key --json", directory);
  const { made: isNew, publicKey } = JSON.parse(again.stdout);
  assert.deepEqual([isNew, publicKey], [false, made.stdout]);
});

for (const [command, message] of [
  ["postern audit tail --file none.jsonl", /there is no ledger "none\.jsonl"; check the path/],
  ["postern audit tail", /the configuration has no ledger; add audit\.sink, or name one with --file/],
  ["postern audit verify --file audit.jsonl --key app.token", /"app\.token" is no Ed25519 key in PEM/],
  ["postern audit verify --file audit.jsonl --checkpoint app.token", /"app\.token" holds no checkpoint/],
  ["postern audit query --file audit.jsonl --since yesterday", /--since "yesterday" is no time/],
] as const)
  test(`"${command}" says what is wrong and what to do`, (t) => {
    const { code, stderr } = shell(command, exampleDirectory(t));
    assert.notEqual(code, 0);
    assert.match(stderr, message);
  });

test("what comes is shown as it comes", async (t) => {
  const directory = exampleDirectory(t);
  const child = spawn(BIN, ["audit", "tail", "--file", "audit.jsonl", "--lines", "1", "--follow"], {
    cwd: directory,
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const seen: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    seen.push(line);
    if (seen.length === 1) denyIn(directory, "ada");
    else break;
  }
  assert.match(seen[0] ?? "", /#3 ledger\.checkpoint/);
  assert.match(seen[1] ?? "", /#4 login\.denied/);
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGINT");
  assert.equal(await ended, 0);
});
