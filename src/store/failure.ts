import pg from "pg";
import { messageOf } from "../base/error.ts";
import type { StoreErrorCode } from "./errors.ts";
import { StoreError } from "./errors.ts";

/** read_only_sql_transaction: another server takes the writes now. */
const BECAME_STANDBY = "25006";

/** What a SQLSTATE means here; the longest prefix counts (PostgreSQL docs, appendix "PostgreSQL Error Codes"). */
const MEANINGS: Readonly<Record<string, StoreErrorCode>> = {
  "08": "store/unavailable", // connection exceptions
  "22": "store/refused",
  "23": "store/constraint",
  [BECAME_STANDBY]: "store/unavailable", // read-only: this is a standby, or was the primary until a moment ago
  "25P03": "store/unavailable", // a transaction that idled for too long
  "25P04": "store/unavailable",
  "40001": "store/conflict",
  "40P01": "store/conflict",
  "53": "store/unavailable", // out of connections, memory, disk
  "55000": "store/unavailable", // in recovery: a standby
  "55P03": "store/unavailable", // a lock could not be had in time
  "57": "store/unavailable", // cancelled, shutting down, starting up, statement_timeout
  "58": "store/unavailable", // system errors
  XX: "store/unavailable",
};

/** Whatever the driver threw, as an error of ours. */
export function storeError(thrown: unknown): StoreError {
  if (thrown instanceof StoreError) return thrown;
  if (!(thrown instanceof pg.DatabaseError) || thrown.code === undefined)
    return new StoreError("store/unavailable", messageOf(thrown), { cause: thrown });
  const { code, constraint } = thrown;
  return new StoreError(meaningOf(code), detailOf(thrown, code), { cause: thrown, constraint });
}

function meaningOf(sqlstate: string): StoreErrorCode {
  return MEANINGS[sqlstate] ?? MEANINGS[sqlstate.slice(0, 2)] ?? "store/refused";
}

/** The message of a wrong value repeats the value, which belongs in no log. */
function detailOf(error: pg.DatabaseError, sqlstate: string): string {
  if (sqlstate.startsWith("22")) return `SQLSTATE ${sqlstate}`;
  return `${error.message} (SQLSTATE ${sqlstate})`;
}

/**
 * Whether an error leaves open what became of the statement: the answer was lost, or the server was going down, and may
 * have done it before.
 */
export function leavesOpen(error: StoreError): boolean {
  const { cause } = error;
  if (!(cause instanceof pg.DatabaseError)) return true;
  return /^(08|53|57|58|XX)/.test(cause.code ?? "");
}

/** Whether the connection is of no more use: it is lost, or the server may still be at work on it. */
export function ruins(error: unknown): boolean {
  if (!(error instanceof StoreError)) return true;
  const { cause } = error;
  if (!(cause instanceof pg.DatabaseError)) return true;
  return cause.severity !== "ERROR" || cause.code === BECAME_STANDBY;
}
