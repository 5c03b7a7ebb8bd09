import { closeSync, constants, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../base/error.ts";
import { AuditError } from "./errors.ts";

/** As the ledger's own file. */
const MODE = 0o640;
/** "The SQLITE_BUSY result code" of SQLite's documentation: another has the lock. */
const SQLITE_BUSY = 5;

/** What this process holds: a lock goes with its database, which must not be collected as garbage. */
const held = new Set<DatabaseSync>();

/**
 * Keeps a file to this process, by a lock of the operating system (fcntl) on `<file>.lock`. It dies with the process,
 * however that ends, and holds between all that see the same file system through one kernel or one lock manager, such as
 * containers with one volume: numbers of processes and sockets would not. Node has no call for it; SQLite does it on
 * every system, and the database that is locked stays empty.
 * @returns what gives the file back
 * @throws AuditError `audit/in-use` when another process has it
 */
export function claimFile(file: string): () => void {
  const lock = `${file}.lock`;
  makeFile(lock);
  const database = new DatabaseSync(lock, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (!isBusy(error))
      throw new AuditError("audit/unwritable", `${lock} cannot be locked: ${messageOf(error)}`, {
        cause: error,
      });
    throw new AuditError(
      "audit/in-use",
      `another Postern keeps this ledger, file ${file}; stop it, or give this one a file of its own (audit.sink.path)`,
    );
  }
  held.add(database);
  return () => {
    if (held.delete(database)) database.close();
  };
}

/** Opens no file that is there: whoever closes one gives up the locks that its process has on it (fcntl(2)). */
function makeFile(lock: string): void {
  try {
    closeSync(openSync(lock, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, MODE));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}
