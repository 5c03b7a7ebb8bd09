import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startEmbeddedPostgres } from "../../src/embedded/embedded-postgres.ts";

const directory = mkdtempSync(join(tmpdir(), "postern-embedded-"));
after(() => rmSync(directory, { recursive: true, force: true }));

const options = {
  directory,
  hba: ["host all all 127.0.0.1/32 trust"],
  setUp: [{ database: "postgres", sql: "CREATE TABLE sample (id int);\n\nINSERT INTO sample VALUES (1);" }],
};

test("the embedded server is set up once, stops without leaving a process, and is reused", async () => {
  const steps: string[] = [];
  const first = await startEmbeddedPostgres({ ...options, progress: (step) => steps.push(step) });
  assert.equal(first.reused, false);
  await first.stop();
  assert.equal(existsSync(join(first.dataDirectory, "postmaster.pid")), false);
  assert.throws(() => process.kill(first.pid, 0), { code: "ESRCH" });

  const second = await startEmbeddedPostgres({ ...options, progress: (step) => steps.push(step) });
  await second.stop();
  assert.equal(second.reused, true);
  assert.deepEqual(steps, [
    "making a PostgreSQL data directory",
    "starting PostgreSQL",
    "filling database postgres",
    "starting PostgreSQL",
  ]);
});

test("a data directory that was filled by other statements is made anew", async () => {
  const steps: string[] = [];
  const setUp = [{ database: "postgres", sql: "CREATE TABLE other (id int);" }];
  const server = await startEmbeddedPostgres({ ...options, setUp, progress: (step) => steps.push(step) });
  await server.stop();
  assert.equal(server.reused, false);
  assert.equal(steps[0], "the sample data is another now: it is made anew");
});

test("a busy port is named, and the data directory can be used afterwards", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => squatter.once("listening", resolve));
  const address = squatter.address();
  assert.ok(typeof address === "object" && address !== null);
  await assert.rejects(startEmbeddedPostgres({ ...options, port: address.port }), {
    kind: "port-busy",
    message: `port ${address.port} is in use by another program`,
  });
  squatter.close();
  await (await startEmbeddedPostgres({ ...options, port: address.port })).stop();
});

test("a directory that another start is using is refused", async () => {
  const server = await startEmbeddedPostgres(options);
  await assert.rejects(startEmbeddedPostgres(options), { kind: "in-use" });
  await server.stop();
});
