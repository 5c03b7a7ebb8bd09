import assert from "node:assert/strict";
import { createServer } from "node:http";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { parse, stringify } from "yaml";
import { testFeature } from "../../support/feature.ts";
import { exampleDirectory, readIn, shell, shellMeanwhile, writeIn } from "../../support/postern.ts";

test("postern rest --dump-config shows the settings in force, warnings apart from them", (t) => {
  const env = {
    PGRST_DB_CONFIG: "false",
    PGRST_DB_MAX_ROWS: "5",
    PGRST_JWT_SECRET: "hunter2-hunter2-hunter2-hunter2-hunter2",
  };
  const { code, stdout, stderr } = shell(
    "postern rest --dump-config postgrest.conf",
    exampleDirectory(t),
    env,
  );
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^db-anon-role = "anon"$/m);
  assert.match(stdout, /^db-max-rows = 5$/m);
  assert.match(stdout, /^jwt-secret = "\[secret\]"$/m);
  assert.doesNotMatch(stdout, /hunter/);
});

test("postern rest tells every fault with its place, and starts nothing", (t) => {
  const directory = exampleDirectory(t);
  writeIn(directory, "postgrest.conf", `${readIn(directory, "postgrest.conf")}\nlog-level = "loud"\n`);
  const { code, stdout, stderr } = shell("postern rest postgrest.conf", directory, { PGRST_DB_POOL: "x" });
  assert.deepEqual([code, stdout], [1, ""]);
  assert.deepEqual(stderr.trimEnd().split("\n"), [
    "postern: environment PGRST_DB_POOL: db-pool: a whole number is expected; correct it",
    "postern: postgrest.conf:6: log-level: is not one of its values; it can be crit, error, warn, info, debug",
  ]);
});

test("postern rest without a file that is there says so", (t) => {
  const { code, stderr } = shell("postern rest does_not_exist.conf", exampleDirectory(t));
  assert.equal(code, 1);
  assert.match(stderr, /does_not_exist\.conf.* does not exist/);
});

test("the options of postern rest that end it are given one at a time", (t) => {
  const { code, stderr } = shell("postern rest --example --dump-config", exampleDirectory(t));
  assert.equal(code, 2);
  assert.match(stderr, /give one of --dump-config, --dump-schema, --example, --ready/);
});

/** An admin server that is ready or not. */
async function adminServer(t: TestContext, status: number, listen: { port: number } | { path: string }) {
  const server = createServer((request, response) => {
    response.statusCode = request.url === "/ready" ? status : 404;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", ...listen }, resolve));
  t.after(() => server.close());
  const address = server.address();
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}

for (const [status, code, said] of [
  [200, 0, /^OK: http:\/\/127\.0\.0\.1:\d+\/ready\n$/],
  [503, 1, /^postern: not ready: http:\/\/127\.0\.0\.1:\d+\/ready: status 503\n$/],
] as const) {
  testFeature(
    { feature: "cli.ready" },
    `postern rest --ready exits ${code} when the admin server answers ${status}`,
    async (t) => {
      const port = await adminServer(t, status, { port: 0 });
      const ran = await shellMeanwhile("postern rest --ready postgrest.conf", exampleDirectory(t), {
        PGRST_ADMIN_SERVER_PORT: String(port),
      });
      assert.equal(ran.code, code);
      assert.match(ran.stdout + ran.stderr, said);
    },
  );
}

test("postern rest --ready asks on a Unix socket when the admin server is there", async (t) => {
  const directory = exampleDirectory(t);
  const path = join(directory, "admin.sock");
  await adminServer(t, 200, { path });
  const env = { PGRST_ADMIN_SERVER_UNIX_SOCKET: path };
  const ran = await shellMeanwhile("postern rest --ready postgrest.conf", directory, env);
  assert.deepEqual([ran.code, ran.stdout], [0, `OK: ${path}\n`]);
});

test("postern rest --ready says when nothing could be asked", (t) => {
  const directory = exampleDirectory(t);
  assert.match(
    shell("postern rest --ready postgrest.conf", directory).stderr,
    /no admin server; set admin-server-port/,
  );
  const nobody = shell("postern rest --ready postgrest.conf", directory, { PGRST_ADMIN_SERVER_PORT: "1" });
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /not ready: http:\/\/127\.0\.0\.1:1\/ready: .*ECONNREFUSED/);
});

test("explain --rest shows the role that a request gets, with a token and without", (t) => {
  const directory = exampleDirectory(t);
  const configuration = parse(readIn(directory, "postern.yaml"));
  configuration.doors.rest = { database: "app", authenticator: "api" };
  configuration.clusters[0].decide = { mode: "token", anonymousRole: "anon" };
  writeIn(directory, "postern.yaml", stringify(configuration));
  const token = shell("postern explain --rest --token-file app.token", directory);
  assert.deepEqual(
    [token.code, token.stdout.split("\n")[0]],
    [0, 'role "app", database "app", cluster "main"'],
  );
  const nobody = shell("postern explain --rest --anonymous --json", directory);
  const { allowed, role, database } = JSON.parse(nobody.stdout);
  assert.deepEqual([allowed, role, database], [true, "anon", "app"]);
  const misused = shell("postern explain --anonymous", directory);
  assert.deepEqual([misused.code, /--anonymous needs --rest/.test(misused.stderr)], [2, true]);
});

test("explain --rest says that there is no REST door", (t) => {
  const { code, stderr } = shell("postern explain --rest --anonymous", exampleDirectory(t));
  assert.deepEqual(
    [code, stderr],
    [1, "postern: there is no REST door in the configuration; add doors.rest\n"],
  );
});
