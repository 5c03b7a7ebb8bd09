/**
 * A login that was let in, noted in a file until PAM asks about its account: pam_exec shows no credential then, and a
 * helper that is run anew for each question remembers nothing.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Surroundings } from "./surroundings.ts";

interface NotedLogin {
  readonly role: string;
  readonly address: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** When the right ends; null: not by itself. */
  readonly until: number | null;
}

/** PAM asks about the account right after the login; modules in between may take their time. */
const VALID_MS = 30_000;

/** Notes a login. @throws Error when the directory is not ours to write to */
export function noteLogin(
  directory: string,
  where: Surroundings,
  until: number | undefined,
  now: number,
): void {
  const file = fileOf(directory, where);
  forget(file);
  const noted: NotedLogin = { role: where.role, address: where.address, at: now, until: until ?? null };
  const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeFileSync(fd, JSON.stringify(noted));
  } finally {
    closeSync(fd);
  }
}

/** Whether the login of this process was let in just now and its right lasts. Each is asked about once. */
export function takeLogin(directory: string, where: Surroundings, now: number): "lasts" | "ended" | "none" {
  const file = fileOf(directory, where);
  const noted = readNoted(file);
  forget(file);
  if (noted === undefined || noted.role !== where.role || noted.address !== where.address) return "none";
  if (now < noted.at || now - noted.at > VALID_MS) return "none";
  return noted.until === null || now < noted.until ? "lasts" : "ended";
}

/** What another user wrote counts for nothing. */
function readNoted(file: string): NotedLogin | undefined {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.uid !== process.getuid?.() || (stat.mode & 0o077) !== 0) return undefined;
    return JSON.parse(readFileSync(fd, "utf8")) as NotedLogin; // we wrote it, as was just seen
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function forget(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // it was not there
  }
}

function fileOf(directory: string, { process: pid }: Surroundings): string {
  return join(directory, `.postern-pam.${pid}`);
}
