import { execFileSync } from "node:child_process";
import { accessSync, constants, lstatSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Whom PostgreSQL runs as. PostgreSQL refuses to run as root (PostgreSQL docs, "The PostgreSQL User Account"). */
export type Account =
  | { readonly kind: "self" }
  | { readonly kind: "other"; readonly uid: number; readonly gid: number };

/** System accounts that may exist and own nothing of value, in the order in which they are taken. */
const CANDIDATES = ["postgres", "nobody"] as const;

/** The account to start PostgreSQL as: our own, or an unprivileged one when we are root. */
export function unprivilegedAccount(): Account {
  if (process.getuid?.() !== 0) return { kind: "self" };
  for (const name of CANDIDATES) {
    const uid = idOf(name, "-u");
    const gid = idOf(name, "-g");
    if (uid !== undefined && gid !== undefined && uid !== 0) return { kind: "other", uid, gid };
  }
  throw new Error(`PostgreSQL cannot run as root, and none of the users ${CANDIDATES.join(", ")} exists`);
}

function idOf(name: string, flag: "-u" | "-g"): number | undefined {
  try {
    return Number.parseInt(
      execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
      10,
    );
  } catch {
    return undefined; // `id` fails for a name that does not exist
  }
}

/** The part of spawn's options that makes a child run as `account`. */
export function spawnAs(account: Account): { readonly uid?: number; readonly gid?: number } {
  return account.kind === "self" ? {} : { uid: account.uid, gid: account.gid };
}

/** Whether `account` can get to `path`: every directory above it must let it through (/root does not). */
export function reachableBy(account: Account, path: string): boolean {
  const absolute = resolve(path);
  if (account.kind === "self") return accessible(absolute);
  for (let at = absolute; ; at = dirname(at)) {
    if (!passable(account, at)) return false;
    if (at === dirname(at)) return true;
  }
}

function accessible(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const SEARCH = { owner: 0o100, group: 0o010, other: 0o001 } as const;

function passable(account: { readonly uid: number; readonly gid: number }, path: string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return true; // it will be made, and handed over
  const { mode, uid, gid } = statSync(path);
  const bit = uid === account.uid ? SEARCH.owner : gid === account.gid ? SEARCH.group : SEARCH.other;
  return (mode & bit) !== 0;
}
