/** Other versions of PostgreSQL than the one that everything is tested with, and test files run against them. */
import { spawn } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { once, run, SUITES } from "./cache.ts";
import type { Ended } from "./suite-reporter.ts";

const ROOT = resolve(SUITES, "../..");
/** The versions of postgres/package.json. */
export const VERSIONS = [14, 15, 16, 17] as const;

export interface OtherPostgres extends Disposable {
  /** Where its `bin`, `lib` and `share` are. */
  readonly native: string;
}

/** Why there are no other versions here; undefined when there are. */
export function versionsMissing(): string | undefined {
  const here = `${process.platform}-${process.arch}`;
  return here === "linux-x64"
    ? undefined
    : `the other versions are installed for linux-x64, and this is ${here}`;
}

/** Installs a version, once, and puts it where the account that PostgreSQL runs as can reach it. */
export async function otherPostgres(major: number): Promise<OtherPostgres> {
  const installed = join(await install(), "node_modules", `postgres-${major}`, "native");
  const directory = mkdtempSync(join(tmpdir(), `postern-postgres-${major}-`));
  const native = join(directory, "native");
  cpSync(installed, native, { recursive: true, verbatimSymlinks: true });
  chmodSync(directory, 0o755);
  return { native, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}

function install(): Promise<string> {
  return once("postgres", "postgres/package-lock.json", async (directory) => {
    for (const file of ["package.json", "package-lock.json"])
      cpSync(join(SUITES, "postgres", file), join(directory, file));
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], directory);
    // Packages have no links; this makes them, as the script of the package does after its installation.
    for (const major of VERSIONS)
      await run(
        process.execPath,
        ["scripts/hydrate-symlinks.js"],
        join(directory, "node_modules", `postgres-${major}`),
      );
  });
}

/** Runs files of tests against another PostgreSQL; resolves with how each file ended. */
export async function runAgainst(native: string, files: readonly string[]): Promise<readonly Ended[]> {
  const reporter = join(SUITES, "support", "suite-reporter.ts");
  const child = spawn(
    process.execPath,
    [
      ...["--test", "--test-timeout=120000", "--test-concurrency=2"],
      `--test-reporter=${reporter}`,
      ...files.map((file) => join(ROOT, "test", file)),
    ],
    {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "inherit"],
      // Without NODE_TEST_CONTEXT, which would make it a part of this run.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, POSTERN_TEST_POSTGRES: native },
    },
  );
  const output = await text(child.stdout);
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Ended);
}
