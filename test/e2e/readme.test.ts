/** The README's commands, run as they are written there. Only the host and the ports are others. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { createAuthority } from "../../src/demo/authority.ts";
import { shell } from "../support/postern.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { startPostgres } from "../support/postgres.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const PASSWORD = "only-postern-knows";

/** The blocks of one language in a text, without their indentation. */
function blocks(language: string, text: string): string[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\``, "gm"))].map(
    ([, indent = "", block = ""]) => block.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );
}

/** Stands in for psql on a machine without it: connects with the same words and runs what it is given. */
const PSQL = `#!${process.execPath}
import pg from "${join(ROOT, "node_modules/pg/lib/index.js")}";
import { readFileSync } from "node:fs";
const { sslrootcert, dbname, sslmode, ...rest } = Object.fromEntries(process.argv[2].split(" ").map((w) => w.split("=")));
const client = new pg.Client({ ...rest, database: dbname, ssl: { ca: readFileSync(sslrootcert) } });
await client.connect();
for (const row of (await client.query(readFileSync(0, "utf8"))).rows) console.log(Object.values(row).join("|"));
await client.end();
`;

const directory = mkdtempSync(join(tmpdir(), "postern-readme-"));
let database: TestPostgres;

before(async () => {
  database = await startPostgres({ sql: `CREATE ROLE analyst LOGIN PASSWORD '${PASSWORD}'` });
  await database.query("CREATE DATABASE shop");
  const authority = await createAuthority();
  const { cert, key } = await authority.server(["localhost"]);
  copyFileSync(database.caFile, join(directory, "db-ca.crt"));
  for (const [name, text] of Object.entries({
    "ca.crt": authority.cert,
    "server.crt": cert,
    "server.key": key,
  }))
    writeFileSync(join(directory, name), text, { mode: 0o600 });
  mkdirSync(join(directory, "bin"));
  symlinkSync(join(ROOT, "bin/postern"), join(directory, "bin/postern"));
  mkdirSync(join(directory, "instead"));
  writeFileSync(join(directory, "instead/psql"), PSQL);
  chmodSync(join(directory, "instead/psql"), 0o755);
});
after(async () => {
  await database?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const environment = () => ({
  POSTERN__DOORS__POSTGRES__PORT: "0",
  ANALYST_PASSWORD: PASSWORD,
  // A real psql comes first where there is one.
  PATH: [process.env["PATH"], join(directory, "instead")].join(delimiter),
});

/** Starts what runs until it is stopped, and waits for its door. */
async function start(line: string) {
  const env = { ...process.env, ...environment() };
  const child = spawn("bash", ["-c", `exec 2>&1; ${line}`], { cwd: directory, env, detached: true });
  let output = "";
  const closed = new Promise<number | null>((done) => child.once("close", done));
  const opened = new Promise<string>((done, fail) => {
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const [, port] = /open on 127\.0\.0\.1:(\d+)/.exec(output) ?? [];
      if (port !== undefined) done(port);
    });
    void closed.then((code) => fail(new Error(`ended with ${code}: ${output}`)));
  });
  const port = await opened;
  const stop = async () => {
    process.kill(-(child.pid ?? 0), "SIGTERM");
    return closed;
  };
  return { stop, port, output };
}

test("the five minutes of the README lead to a login, and to the reason of one that is refused", async () => {
  const chapter = README.split("## ").find((part) => part.startsWith("Five minutes")) ?? "";
  const [keys = "", run = "", logIn = "", explain = "", ...more] = blocks("sh", chapter);
  const [yaml = "", ...others] = blocks("yaml", chapter);
  assert.deepEqual([more, others], [[], []], "the README has blocks that this test does not run");

  const made = shell(keys, directory);
  assert.equal(made.code, 0, made.stderr);
  const host = yaml.replace("db.internal, port: 5432", `localhost, port: ${database.port}`);
  writeFileSync(join(directory, "postern.yaml"), host);
  const { stop, port, output } = await start(run.replace("bin/postern start", "exec bin/postern start"));
  try {
    assert.match(output, /1 issuer, 1 cluster/);
    assert.doesNotMatch(output, /warning/);
    const answer = shell(
      `${logIn.trim().replace("port=6432", `port=${port}`)} <<< 'SELECT current_user'`,
      directory,
      environment(),
    );
    assert.equal(answer.code, 0, answer.stderr);
    assert.match(answer.stdout, /\banalyst\b/);
    const [token = ""] = logIn.split("\n");
    const why = shell(`${token}\n${explain}`, directory, environment());
    assert.equal(why.code, 1);
    assert.match(why.stdout, /"owner" was asked for, the token permits "analyst"/);
  } finally {
    assert.equal(await stop(), 0);
  }
});

test("the README's two commands are scripts of the package, and its start is the demo", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const [first = ""] = blocks("sh", README);
  assert.deepEqual(first.match(/npm \w+(?= +#)/g), ["npm start", "npm test"]);
  assert.equal(scripts["start"], "bin/postern demo");
  for (const suite of ["check", "unit", "property", "e2e", "attack", "fault"])
    assert.match(scripts["test"] ?? "", new RegExp(`\\b${suite}\\b`));
});

test("the README is no longer than two screens", () => {
  assert.ok(README.split("\n").length <= 100);
});
