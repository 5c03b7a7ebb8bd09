import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { createProgram } from "../../../src/cli/program.ts";
import { createAuthority } from "../../../src/demo/authority.ts";
import { exampleDirectory, readIn, shell, writeIn } from "../../support/postern.ts";

const BIN = resolve(import.meta.dirname, "../../../bin");

/** Commands that run until they are stopped, and what each writes once its door is open. */
const OPEN: Readonly<Record<string, RegExp>> = {
  start: /"event":"door\.opened\.v1"/,
  proxy: /"event":"door\.opened\.v1"/,
  rest: /REST door open on 127\.0\.0\.1:\d+/,
  demo: /Postern is open on 127\.0\.0\.1:\d+/,
};

/** Examples of such commands that open nothing. */
const ENDS_BY_ITSELF = /\bpostern rest --/;

/** Whatever the example says, the test takes a free port. */
const FREE_PORT = {
  POSTERN__DOORS__POSTGRES__PORT: "0",
  PGRST_SERVER_PORT: "0",
  PGRST_SERVER_HOST: "127.0.0.1",
};

/** The demo has a REST door too, and a control door. */
const FREE_REST_PORT = { POSTERN__DOORS__REST__PORT: "0", POSTERN__ADMIN__PORT: "0" };

async function servingDirectory(t: TestContext): Promise<string> {
  const directory = exampleDirectory(t);
  // PostgreSQL's user goes through it to the demo's directory.
  chmodSync(directory, 0o711);
  const { cert, key } = await (await createAuthority()).server(["localhost"]);
  writeIn(directory, "server.crt", cert);
  writeIn(directory, "server.key", key);
  chmodSync(join(directory, "server.key"), 0o600);
  writeIn(directory, "proxy.env", proxyEnvironment(readIn(directory, "jobs.pub")));
  return directory;
}

function proxyEnvironment(publicKey: string): string {
  return `PUBLIC_KEYS__0="${publicKey}"
UPSTREAM__HOST=127.0.0.1
UPSTREAM__PORT=5432
UPSTREAM__PASSWORD=secret
DOWNSTREAM__IP=127.0.0.1
DOWNSTREAM__PORT=7777
DOWNSTREAM__CERTFILE=server.crt
DOWNSTREAM__KEYFILE=server.key
`;
}

interface Served {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a command until its door is open, then stops it as a terminal or a service manager would. */
async function serve(line: string, cwd: string, open: RegExp, signal: NodeJS.Signals): Promise<Served> {
  const child = spawn("bash", ["-c", `exec 2>&1; ${line}`], {
    cwd,
    env: {
      ...process.env,
      ...FREE_PORT,
      ...(/\bpostern demo\b/.test(line) ? FREE_REST_PORT : {}),
      PATH: `${BIN}${delimiter}${process.env["PATH"] ?? ""}`,
    },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const { pid } = child;
  assert.ok(pid !== undefined);
  let output = "";
  let stopped = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    if (stopped || !open.test(output)) return;
    stopped = true;
    process.kill(-pid, signal);
  });
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, output };
}

/** The examples in the help of a command. */
function examplesOf(name: string): readonly string[] {
  let help = "";
  const command = createProgram().commands.find((one) => one.name() === name);
  command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  return [...help.matchAll(/^ {2}\$ (.+)$/gm)].map((match) => match[1] ?? "");
}

for (const [name, open] of Object.entries(OPEN)) {
  for (const example of examplesOf(name).filter((line) => !ENDS_BY_ITSELF.test(line))) {
    test(`an example of the help opens a door and stops when told: ${example.slice(-60)}`, async (t) => {
      const directory = await servingDirectory(t);
      const { code, output } = await serve(example, directory, open, "SIGTERM");
      assert.match(output, open);
      assert.equal(code, 0, output);
    });
  }
}

test("Ctrl-C stops the demo, and leaves no server behind", async (t) => {
  const directory = await servingDirectory(t);
  const { code, output } = await serve("postern demo", directory, OPEN["demo"] ?? /^/, "SIGINT");
  assert.equal(code, 0, output);
  assert.ok(!existsSync(join(directory, ".postern/demo/postgresql/data/postmaster.pid")));
});

test("start refuses a faulty configuration with a line for each fault", (t) => {
  const directory = exampleDirectory(t);
  writeIn(directory, "postern.yaml", "issuers: 5\nclusters: []\n");
  assert.deepEqual(shell("postern start", directory), {
    code: 1,
    stdout: "",
    stderr: [
      "postern: postern.yaml:1:1: issuers: a list is expected, a whole number was written; write a list",
      "postern: postern.yaml:2:1: clusters: is empty; write something or leave the setting out",
      "",
    ].join("\n"),
  });
});

test("start tells the warnings of its configuration", async (t) => {
  const directory = await servingDirectory(t);
  const line = "POSTERN__CLUSTERS__0__HOSTS__0__HOST=db.example.com postern start";
  const { output } = await serve(line, directory, OPEN["start"] ?? /^/, "SIGTERM");
  assert.match(
    output,
    /^postern: warning: postern\.yaml:\d+:\d+: clusters\[0\]\.tls\.mode: disable does not verify /m,
  );
});

test("proxy names every variable that is missing", (t) => {
  const ran = shell("DOWNSTREAM__IP= UPSTREAM__HOST=db postern proxy", exampleDirectory(t));
  assert.deepEqual(ran, {
    code: 1,
    stdout: "",
    stderr:
      "postern: environment: PUBLIC_KEYS__0, UPSTREAM__PORT, UPSTREAM__PASSWORD, DOWNSTREAM__PORT, DOWNSTREAM__CERTFILE, DOWNSTREAM__KEYFILE are missing; set them and start again\n",
  });
});

test("a busy port is named with the setting that changes it", async (t) => {
  const squatter = createServer().listen(0, "127.0.0.1");
  t.after(() => squatter.close());
  await new Promise((done) => squatter.once("listening", done));
  const address = squatter.address();
  assert.ok(typeof address === "object" && address !== null);
  const directory = await servingDirectory(t);
  const env = { POSTERN__DOORS__POSTGRES__PORT: String(address.port), POSTERN__LOG__LEVEL: "silent" };
  const start = shell("postern start", directory, env);
  assert.deepEqual(start, {
    code: 1,
    stdout: "",
    stderr: `postern: 127.0.0.1:${address.port} is in use; stop what listens there, or choose another address with doors.postgres.port\n`,
  });
  const demo = shell(`postern demo --port ${address.port}`, directory);
  assert.equal(demo.code, 1);
  assert.match(
    demo.stderr,
    /\npostern: 127\.0\.0\.1:\d+ is in use; stop what listens there, or choose another address with --port\n$/,
  );
  assert.ok(!existsSync(join(directory, ".postern/demo/postgresql/data/postmaster.pid")));
});

test("a port that is none is refused before anything starts", (t) => {
  assert.deepEqual(shell("postern demo --port 70000", exampleDirectory(t)), {
    code: 2,
    stdout: "",
    stderr: `postern: option '-p, --port <port>' argument '70000' is invalid. A port is a whole number from 0 to 65535; see "postern demo --help"\n`,
  });
});
