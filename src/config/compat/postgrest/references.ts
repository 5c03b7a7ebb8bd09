import { resolve } from "node:path";
import type { Fault } from "../../errors.ts";
import { fileWarning, readSmall } from "../../files.ts";
import type { Values } from "./values.ts";
import { faultOf } from "./values.ts";

/** A key set or a connection string, never more: a larger file was named by mistake. */
const MAX_BYTES = 1024 * 1024;

/** What may be written as `@file`, read. */
export interface Contents {
  readonly uri: string;
  readonly secret: Buffer | undefined;
  /** The files that were read, absolute. */
  readonly files: readonly string[];
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
}

/** Reads the files that `db-uri` and `jwt-secret` name when they begin with `@`. */
export function readReferences(values: Values): Contents {
  const files: string[] = [];
  const faults: Fault[] = [];
  const warnings: Fault[] = [];
  const contentOf = (name: "db-uri" | "jwt-secret"): Buffer | undefined => {
    const text = values.text(name);
    if (text?.startsWith("@") !== true) return text === undefined ? undefined : Buffer.from(text);
    const where = values.where(name) ?? "";
    // The database may say much, but not which files of this machine are read.
    if (where.startsWith("database")) {
      faults.push(faultOf(where, name, "names a file; write the value itself"));
      return undefined;
    }
    const file = resolve(text.slice(1));
    files.push(file);
    const warning = fileWarning(file);
    if (warning !== undefined) warnings.push(faultOf(where, name, warning));
    const read = readReference(file);
    if (Buffer.isBuffer(read)) return read;
    faults.push(faultOf(where, name, read));
    return undefined;
  };
  const uri = contentOf("db-uri")?.toString("utf8") ?? "";
  return { uri, secret: contentOf("jwt-secret"), files, faults, warnings };
}

/** The bytes of a file without one newline at the end, or what is wrong with it. */
function readReference(file: string): Buffer | string {
  const bytes = readSmall(file, { most: MAX_BYTES, what: "value" });
  if (typeof bytes === "string") return bytes;
  if (bytes.length === 0) return `"${file}" is empty; write the value into it`;
  return bytes.at(-1) === 0x0a ? bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1) : bytes;
}
