/** What is downloaded and built for the suites, outside of the repository. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

/** The folder of all suites. */
export const SUITES = dirname(import.meta.dirname);

/** Kept between runs, so that only the first one has to download and compile. */
export const CACHE =
  process.env["POSTERN_INTEROP_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "postern-interop");

/** Fills a directory of the cache that stands for the text of a lock file; it appears whole or not at all. */
export async function once(
  kind: string,
  lockFile: string,
  fill: (directory: string, lockFile: string) => Promise<unknown>,
): Promise<string> {
  const path = join(SUITES, lockFile);
  const hash = createHash("sha256").update(kind).update(readFileSync(path)).digest("hex").slice(0, 16);
  const directory = join(CACHE, `${kind.split("-")[0]}-${hash}`);
  if (existsSync(directory)) return directory;
  mkdirSync(CACHE, { recursive: true });
  const building = mkdtempSync(join(CACHE, "building-"));
  await fill(building, path);
  try {
    renameSync(building, directory);
  } catch (error) {
    if (!existsSync(directory)) throw error;
    rmSync(building, { recursive: true }); // another suite was quicker
  }
  return directory;
}

/** Runs a program to its end; returns what it printed. */
export async function run(command: string, args: readonly string[], cwd?: string): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const { stdout } = await promisify(execFile)(command, args, { cwd, encoding: "utf8" });
  return stdout.trim();
}
