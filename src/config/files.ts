import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { messageOf } from "../base/error.ts";

/** A secret is a password or a key, never more: a larger file was named by mistake. */
const MAX_SECRET_BYTES = 64 * 1024;

/** S_IROTH: others may read. */
const WORLD_READABLE = 0o004;

/** What is wrong with a file that a setting names; undefined when it is there and can be read. */
export function fileFault(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return unreadable(path, error);
  }
}

/** Why the file of a secret is unwise; undefined when only its owner and group can read it. */
export function fileWarning(path: string): string | undefined {
  try {
    if ((statSync(path).mode & WORLD_READABLE) === 0) return undefined;
  } catch {
    return undefined; // fileFault says it
  }
  return `"${path}" can be read by every user of this machine; run chmod o-r on it`;
}

export type ResolvedSecret =
  | { readonly kind: "secret"; readonly text: string }
  | { readonly kind: "fault"; readonly message: string };

/** Reads a secret from a file. One newline at its end is dropped: editors and `echo` add it. */
export function resolveSecret(path: string): ResolvedSecret {
  const fault = (message: string): ResolvedSecret => ({ kind: "fault", message });
  const bytes = readSmall(path, { most: MAX_SECRET_BYTES, what: "secret" });
  if (typeof bytes === "string") return fault(bytes);
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const secret = text.replace(/\r?\n$/, "");
    return secret === ""
      ? fault(`"${path}" is empty; write the secret into it`)
      : { kind: "secret", text: secret };
  } catch {
    return fault(`"${path}" is not UTF-8 text; write the secret as text`);
  }
}

interface Small {
  /** The most bytes that it may have: a larger file was named by mistake. */
  readonly most: number;
  /** What it holds. */
  readonly what: string;
}

/** The bytes of a small file, or what is wrong with it. A pipe or a device could keep the start waiting for ever. */
export function readSmall(path: string, { most, what }: Small): Buffer | string {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) return `"${path}" is not a regular file; name the file that holds the ${what}`;
    if (stat.size > most)
      return `"${path}" is larger than ${most} bytes; name the file that holds the ${what}`;
    return readFileSync(path);
  } catch (error) {
    return unreadable(path, error);
  }
}

/** The system's reason in a few words. */
export function unreadable(path: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return `"${path}" does not exist; correct the path or create the file`;
  if (code === "EACCES") return `"${path}" may not be read by this user; change its owner or mode`;
  if (code === "EISDIR") return `"${path}" is a directory; name a file`;
  return `"${path}" cannot be read (${messageOf(error)}); correct the path`;
}
