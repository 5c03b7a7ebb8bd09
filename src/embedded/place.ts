import { spawn } from "node:child_process";
import {
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { installedPrograms } from "./installed.ts";
import { type Account, reachableBy, spawnAs, unprivilegedAccount } from "./unprivileged.ts";

/** The server could not be started. `kind` is for the program, the message for a person. */
export class EmbeddedPostgresError extends Error {
  readonly kind:
    | "port-busy"
    | "in-use"
    | "failed"
    | "unreachable"
    | "not-installed"
    | "other-version"
    | "disk-full";

  constructor(kind: EmbeddedPostgresError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EmbeddedPostgresError";
    this.kind = kind;
  }
}

/** ENOSPC and EDQUOT, as the C library words them. */
export const NO_SPACE = /No space left on device|Disk quota exceeded/;

export function diskFull(where: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError("disk-full", `the disk of ${where} is full; make room there`);
}

/** Where an embedded server lives and whom it runs as. */
export interface Place {
  readonly account: Account;
  readonly bin: string;
  readonly data: string;
}

export interface PlaceOptions {
  readonly directory: string;
  /** Where PostgreSQL's `bin`, `lib` and `share` are; the package's by default. */
  readonly native?: string | undefined;
  /** Whom to run as; our own user, or an unprivileged one when we are root, by default. */
  readonly account?: Account;
  /** Told each step in words. */
  readonly progress: (step: string) => void;
}

/** Creates the directory, hands it to PostgreSQL's user, and finds programs that this user can run. */
export function prepare({
  directory,
  native,
  account = unprivilegedAccount(),
  progress,
}: PlaceOptions): Place {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (account.kind === "other") chownSync(directory, account.uid, account.gid);
  if (!reachableBy(account, directory)) {
    throw new EmbeddedPostgresError(
      "unreachable",
      `PostgreSQL's user cannot reach ${directory}; choose a directory outside of private ones such as /root`,
    );
  }
  return { account, bin: programs({ directory, native, progress }, account), data: join(directory, "data") };
}

/** @throws EmbeddedPostgresError when the package is not there */
export function installed(): string {
  const found = installedPrograms();
  if (found.kind === "installed") return found.native;
  throw new EmbeddedPostgresError("not-installed", found.message);
}

/** PostgreSQL's programs, copied when they are in a directory such as /root that the account cannot enter. */
function programs({ directory, native = installed(), progress }: PlaceOptions, account: Account): string {
  if (reachableBy(account, join(native, "bin", "postgres"))) return join(native, "bin");
  const copy = join(directory, "native");
  const marker = join(copy, "complete");
  const version = versionOf(native);
  if (!existsSync(marker) || readFileSync(marker, "utf8") !== version) {
    progress("copying PostgreSQL to where its user can run it");
    rmSync(copy, { recursive: true, force: true });
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    if (account.kind === "other") handOver(copy, account);
    writeFileSync(marker, version);
  }
  return join(copy, "bin");
}

/** The version of the package that programs come from; empty for those of no package. */
function versionOf(native: string): string {
  const file = join(native, "..", "package.json");
  return existsSync(file) ? String(JSON.parse(readFileSync(file, "utf8")).version) : "";
}

/** Gives a tree to the account: a strict umask may have made it readable by its owner only. */
function handOver(tree: string, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  chownSync(tree, uid, gid);
  for (const name of readdirSync(tree, { recursive: true, encoding: "utf8" }))
    lchownSync(join(tree, name), uid, gid);
}

/** Writes a file that belongs to PostgreSQL's user and that nobody else may read. */
export function give({ account }: Place, file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  if (account.kind === "other") chownSync(file, account.uid, account.gid);
}

/** Runs a program of PostgreSQL to its end. */
export function run(place: Place, program: string, args: readonly string[], input: string): Promise<void> {
  const child = spawn(join(place.bin, program), args, {
    ...spawnAs(place.account),
    cwd: dirname(place.data),
    env: serverEnvironment(),
    stdio: ["pipe", "ignore", "pipe"],
  });
  const output: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => output.push(text));
  child.stdin.on("error", () => {}); // a program that fails early closes it; its exit code tells
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve();
      else if (NO_SPACE.test(output.join(""))) reject(diskFull(dirname(place.data)));
      else reject(new EmbeddedPostgresError("failed", `${program} failed: ${output.join("").trim()}`));
    });
  });
}

/** The server reads PG* variables too; none of ours may steer it. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
}
