/**
 * The statements that the pool puts around those of a door: what makes a transaction the admitted role's, and what
 * leaves the connection as it was found. docs/decisions/2026-11-24-clean-backends.md says why these, and what they
 * cost. Names are qualified, since functions may have changed search_path.
 */
import type { RoleName } from "../../base/ids.ts";
import type { Isolation, Row, Statement, Transaction } from "./pool.ts";

/** More than a request has settings, by far. */
const MAX_SETTINGS = 256;
/** What SET ROLE takes for the role that logged in: no role has this name, and nobody must get there by it. */
export const NO_ROLE = "none";
/** Settings that say who one is: the pool's alone. */
const IDENTITY = new Set(["role", "session_authorization"]);

/** A statement as a connection runs it. Of most of the pool's own nobody reads what they return, so nobody keeps it. */
export interface RunStatement extends Statement {
  readonly unread?: boolean;
}

function own(text: string, parameters: Statement["parameters"] = []): RunStatement {
  return { text, parameters, prepare: true, binary: false, unread: true };
}

const fronts = new Map<number, string>();

/**
 * `SELECT set_config('role', $1, true), set_config($2, $3, true), …`: first what the login role sets, then the role, and
 * then settings as this role may make them. All of them end with the transaction.
 */
function frontText(before: number, after: number): string {
  const key = before * (MAX_SETTINGS + 2) + after; // one more may be made for read-only
  let text = fronts.get(key);
  if (text === undefined) {
    const calls = (from: number, count: number) =>
      Array.from(
        { length: count },
        (_, at) => `pg_catalog.set_config($${from + 2 * at}, $${from + 2 * at + 1}, true)`,
      );
    const role = 2 * before + 1;
    // A function of the transaction before may have set its role for the session.
    const all = [
      ...(before === 0 ? [] : ["pg_catalog.set_config('role', 'none', true)"]),
      ...calls(1, before),
      `pg_catalog.set_config('role', $${role}, true)`,
      ...calls(role + 1, after),
    ];
    text = `SELECT ${all.join(", ")}`;
    fronts.set(key, text);
  }
  return text;
}

/**
 * Takes the role (none: goes back to the one that logged in) and makes the settings. Read-only is one more setting, the
 * last: from then on the transaction cannot go back, not even inside a function, since a query has been run (SET
 * TRANSACTION: "The transaction access mode … may not be set to READ WRITE after the first snapshot").
 */
export function front(
  role: RoleName | undefined,
  {
    loginSettings = NO_SETTINGS,
    settings,
    readOnly,
  }: Pick<Transaction, "loginSettings" | "settings" | "readOnly">,
): RunStatement {
  const count = loginSettings.length + settings.length;
  if (count > MAX_SETTINGS) throw new RangeError(`${count} settings in one transaction`);
  const parameters: string[] = [];
  pushSettings(parameters, loginSettings);
  parameters.push(role ?? NO_ROLE);
  pushSettings(parameters, settings);
  if (readOnly) parameters.push("transaction_read_only", "on");
  return own(frontText(loginSettings.length, settings.length + (readOnly ? 1 : 0)), parameters);
}

const NO_SETTINGS: Transaction["settings"] = [];

function pushSettings(parameters: string[], settings: Transaction["settings"]): void {
  for (const [name, value] of settings) {
    if (IDENTITY.has(name.toLowerCase())) throw new TypeError(`${name} is the pool's to set`);
    parameters.push(name, value);
  }
}

/** Begins a transaction that the implicit one between two Syncs cannot be. */
export function begin(isolation: Isolation | undefined, readOnly: boolean): RunStatement {
  const level = isolation === undefined ? "" : ` ISOLATION LEVEL ${LEVELS[isolation]}`;
  return own(`BEGIN${level}${readOnly ? " READ ONLY" : ""}`);
}

const LEVELS: Readonly<Record<Isolation, string>> = {
  "read committed": "READ COMMITTED",
  "repeatable read": "REPEATABLE READ",
  serializable: "SERIALIZABLE",
};

export const commit: RunStatement = own("COMMIT");
export const rollback: RunStatement = own("ROLLBACK");

const UNLOCK = "SELECT pg_catalog.pg_advisory_unlock_all()";
const PREPARED_BY_SQL = "EXISTS (SELECT FROM pg_catalog.pg_prepared_statement() WHERE from_sql)";

/** Runs deferred triggers now, so that none of them runs behind what follows. */
const checkConstraints = own("SET CONSTRAINTS ALL IMMEDIATE");
/** Forgets what lastval() and currval() would tell the next one. */
const discardSequences = own("DISCARD SEQUENCES");
/** Ends what functions set for the session, and not only for their transaction. */
const resetSettings = own("RESET ALL");
/** Ends what functions listen to, also when they began in this very transaction. */
const unlisten = own("UNLISTEN *");
/** Closes cursors that were to outlive their transaction. */
const closeCursors = own("CLOSE ALL");
/** Drops temporary tables, which would be found before all others. */
const discardTemporary = own("DISCARD TEMP");
/** Gives session-level locks back. */
const unlock: RunStatement = { ...own(UNLOCK), unread: false };
/** Looks for statements that SQL prepared too: it lists all of ours, which is too much work for every transaction. */
const unlockAndLook: RunStatement = { ...own(`${UNLOCK}, ${PREPARED_BY_SQL}`), unread: false };

const afterReads = [resetSettings, unlisten, closeCursors, discardTemporary];
const afterWrites = [checkConstraints, discardSequences, ...afterReads];
const TIDY = {
  read: { look: [...afterReads, unlockAndLook], trust: [...afterReads, unlock] },
  write: { look: [...afterWrites, unlockAndLook], trust: [...afterWrites, unlock] },
} as const;

/**
 * What leaves the connection as it was, at the end of a transaction. One that is read-only queues no triggers and takes
 * no number of a sequence.
 * @param look whether to look for statements that SQL prepared; `isClean` reads what the last statement says
 */
export function tidy(readOnly: boolean, look: boolean): readonly RunStatement[] {
  return TIDY[readOnly ? "read" : "write"][look ? "look" : "trust"];
}

/** Whether the row of the last statement of `tidy` shows that nothing was left. */
export function isClean(row: Row | undefined): boolean {
  return row !== undefined && row[1]?.toString() !== "t";
}

/**
 * All that DISCARD ALL does but for what the pool wants to keep, its prepared statements and their plans; and it tells
 * whether any were made by SQL, since such a connection is not used again.
 */
export const CLEAN_UP = `RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; UNLISTEN *;
${UNLOCK}; DISCARD TEMP; DISCARD SEQUENCES;
SELECT ${PREPARED_BY_SQL}`;
