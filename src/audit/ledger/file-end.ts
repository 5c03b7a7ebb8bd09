import { hash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { AuditError } from "./errors.ts";
import type { LedgerRecord, Tail } from "./record.ts";
import { isFault, readRecord } from "./record.ts";

/** How a ledger's file ends. */
export interface FileEnd {
  /** The last record; none in an empty file. */
  readonly tail: Tail | undefined;
  /** Where the next record goes. */
  readonly size: number;
  /** The bytes behind that, which are no record. */
  readonly torn: { readonly bytes: number; readonly hash: string } | undefined;
}

/** More than the ledger writes at once (MAX_BATCH_CHARACTERS of ledger.ts, in UTF-8 and with the seals). */
const MOST_TORN = 8 * 1024 * 1024;
/** With the last whole record before it. */
const MOST_READ = MOST_TORN + 1024 * 1024;
const NEWLINE = 0x0a;
const NUL = 0x00;

/**
 * Looks at how a file ends. After a crash there may be the beginning of a record there, or zeros where a file system had
 * room but not yet the data: nobody was told that these are safe. Anything else that is no record was changed by
 * somebody else, and is not for us to cut off.
 * @throws AuditError `audit/damaged`
 */
export async function readEnd(handle: FileHandle, name: string): Promise<FileEnd> {
  const { size } = await handle.stat();
  const length = Math.min(size, MOST_READ);
  const bytes = Buffer.alloc(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, size - length + filled);
    if (bytesRead === 0) throw new AuditError("audit/unwritable", `${name} became shorter while it was read`);
    filled += bytesRead;
  }
  const whole = wholeLines(bytes);
  const torn = bytes.subarray(whole);
  if (torn.length > MOST_TORN || !isTorn(torn)) throw damaged(name, "ends in something that is no record");
  if (whole === 0 && size > length) throw damaged(name, "has no record near its end");
  const tail = whole === 0 ? undefined : tailOf(bytes.subarray(0, whole), name);
  return {
    tail,
    size: size - torn.length,
    torn: torn.length === 0 ? undefined : { bytes: torn.length, hash: hash("sha256", torn) },
  };
}

/** How much of it is lines that are complete and hold no zeros. */
function wholeLines(bytes: Buffer): number {
  const zero = bytes.indexOf(NUL);
  const sound = zero === -1 ? bytes : bytes.subarray(0, zero);
  return sound.lastIndexOf(NEWLINE) + 1;
}

/** What every record begins with, in canonical form. */
const BEGINNING = Buffer.from('{"event":{');

function isTorn(bytes: Buffer): boolean {
  const shown = Math.min(bytes.length, BEGINNING.length);
  return bytes.includes(NUL) || bytes.subarray(0, shown).equals(BEGINNING.subarray(0, shown));
}

function tailOf(lines: Buffer, name: string): Tail {
  const start = lines.lastIndexOf(NEWLINE, lines.length - 2) + 1;
  const read = readRecord(lines.toString("utf8", start, lines.length - 1));
  if (isFault(read)) throw damaged(name, `its last line ${read.fault}`);
  return asTail(read);
}

function damaged(name: string, what: string): AuditError {
  return new AuditError(
    "audit/damaged",
    `${name}: ${what}; see "postern audit verify", then move the file away to begin a new chain`,
  );
}

export function asTail({ node, seq, hash, time }: LedgerRecord): Tail {
  return { node, seq, hash, time: Date.parse(time) };
}
