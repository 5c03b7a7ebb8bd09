import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startEmbeddedPostgres } from "../../src/embedded/embedded-postgres.ts";
import { installedPrograms } from "../../src/embedded/installed.ts";
import type { SetUp } from "../../src/embedded/set-up.ts";

/** Where tools of a checkout keep what they can make again; it goes with `npm ci`. */
const CACHE = resolve(import.meta.dirname, "../../node_modules/.cache/postern");
/** What runs initdb. */
const MAKER = resolve(import.meta.dirname, "../../src/embedded/embedded-postgres.ts");

/**
 * Puts a data directory into `directory` that was made and filled by `setUp` before: a hundred test servers do not need
 * a hundred runs of initdb. Each is a copy of the one that was made first, with these programs.
 */
export async function copyTemplate(
  directory: string,
  { setUp, native }: { readonly setUp: readonly SetUp[]; readonly native: string | undefined },
): Promise<void> {
  const template = join(CACHE, `data-${keyOf(setUp, native)}`);
  if (!existsSync(template)) await makeTemplate(template, setUp, native);
  copy(template, join(directory, "data"));
}

/** What a data directory depends on: the programs, who runs them, how it is made, and what is put in. */
function keyOf(setUp: readonly SetUp[], native: string | undefined): string {
  const hash = createHash("sha256").update(JSON.stringify([process.getuid?.(), setUp]));
  for (const file of [join(native ?? nativeDirectory(), "bin/postgres"), MAKER])
    hash.update(readFileSync(file));
  return hash.digest("hex").slice(0, 16);
}

function nativeDirectory(): string {
  const found = installedPrograms();
  if (found.kind === "missing") throw new Error(found.message);
  return found.native;
}

async function makeTemplate(
  template: string,
  setUp: readonly SetUp[],
  native: string | undefined,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "postern-template-"));
  try {
    await (await startEmbeddedPostgres({ directory, native, hba: [], setUp })).stop();
    mkdirSync(CACHE, { recursive: true });
    const own = `${template}.${process.pid}`;
    copy(join(directory, "data"), own);
    putInPlace(own, template);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Of several processes that made it at once, one is first, and theirs are all alike. */
function putInPlace(own: string, template: string): void {
  try {
    renameSync(own, template);
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    if (!existsSync(template)) throw error;
  }
}

/** With owners and modes, which PostgreSQL looks at. */
function copy(from: string, to: string): void {
  execFileSync("cp", ["-a", from, to]);
}
