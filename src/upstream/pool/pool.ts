/**
 * What the REST door asks of PostgreSQL: transactions as an admitted role, over sessions that a login role of the
 * configuration (PostgREST's authenticator) keeps open. The door builds the SQL itself, so a transaction-local role is
 * a boundary here; the pool puts it in front of every transaction, so that no door can forget it.
 */
import type { Admission } from "../../access/admission.ts";
import type { Abort } from "../../base/abort.ts";
import type { Room } from "../../base/budget.ts";
import type { DatabaseName, RoleName } from "../../base/ids.ts";
import type { ParameterValue } from "../../protocol/extended-query.ts";

/** How a pool logs in, and its bounds. */
export interface PoolSettings {
  /** The role that logs in: the authenticator. It must be a member of every role that is to be taken. */
  readonly role: RoleName;
  readonly database: DatabaseName;
  /** More parameters of the startup packet, such as `application_name`. */
  readonly parameters?: ReadonlyMap<string, string>;
  /** Server connections at most. */
  readonly size: number;
  /** How long a request waits for a connection. */
  readonly acquisitionTimeoutMs: number;
  /** A connection that was not used for this long is closed. */
  readonly idleMs: number;
  /** A connection is not used for longer than this, whatever it does. */
  readonly lifetimeMs: number;
  /** The results of one transaction, in bytes; more ends it. */
  readonly maxResultBytes: number;
  /** Prepared statements that are kept on each connection; 0: none is ever named. */
  readonly preparedStatements: number;
}

/** One statement of a transaction. */
export interface Statement {
  /** One SQL statement; every value is a parameter. */
  readonly text: string;
  /** In text format. A Buffer holds the text's bytes, or the value in binary where `binaryParameters` says so. */
  readonly parameters: readonly ParameterValue[];
  /** Whether the statement is prepared by name and kept for the next time. */
  readonly prepare: boolean;
  /** Whether results are wanted in binary format: of a `text` column that is the same bytes. */
  readonly binary: boolean;
  /** Type oids of the parameters, 0 where the server is to find out; all 0 by default. */
  readonly parameterTypes?: readonly number[];
  /** Indexes of the parameters that are in binary format; none by default. */
  readonly binaryParameters?: readonly number[];
}

export interface Transaction {
  readonly readOnly: boolean;
  /** The server's (and login role's) default otherwise. */
  readonly isolation?: Isolation;
  /**
   * Settings for this transaction alone that the login role makes, before the admitted one is taken: it may have been
   * granted more (GRANT … SET ON PARAMETER). All others come after them, and win.
   */
  readonly loginSettings?: readonly (readonly [name: string, value: string])[];
  /** Settings for this transaction alone, set in this order after the role. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly statements: readonly Statement[];
  /**
   * A function costs a second round trip: it sees the results before the end, and only decides, for it may be asked
   * again when the transaction had to be run again. Deferred constraints are checked before any end.
   */
  readonly end: TransactionEnd | ((results: readonly Result[]) => TransactionEnd);
  /**
   * It is expected to take no longer than sending it does: the read of a row by its key. A read-only transaction that
   * commits may then be sent behind others of the same admission before those are answered; it is run again on another
   * connection when one of them takes long. For any other transaction this means nothing.
   */
  readonly brief?: Brief | undefined;
  /** Where results are counted. While there is none for more of them, they wait at the server. */
  readonly room?: Room;
}

/**
 * Whether each brief read leaves the connection as it was, or the last one of a write does so for all. What a function
 * sets for the session may then be met by those behind it, so only by the same identity, and it has to be a proved one.
 */
export type Brief = "cleaned" | "cleaned together";

export type TransactionEnd = "commit" | "rollback";
export type Isolation = "read committed" | "repeatable read" | "serializable";

/** What one statement gave. */
export interface Result {
  /**
   * Columns are slices of what came in and were not copied. The memory of large ones is the caller's alone: no other
   * transaction's results lie in it.
   */
  readonly rows: readonly Row[];
  /** The command tag, such as `SELECT 1`. */
  readonly tag: string;
}

export type Row = readonly (Buffer | null)[];

/** A LISTEN that survives its connection. */
export interface Listening {
  close(): void;
}

export interface ListenEvents {
  /** Somebody notified the channel. */
  readonly onNotification: (payload: string) => void;
  /** Listening began, or began again: what was said meanwhile was lost. */
  readonly onListening: () => void;
  /** The connection was lost or could not be made; it is tried again by itself. */
  readonly onLost?: (error: unknown) => void;
}

/** What a pool is doing, for metrics. */
export interface PoolStats {
  readonly size: number;
  /** Connections that run a transaction, or are cleaned or cancelled after one. */
  readonly busy: number;
  readonly idle: number;
  /** Connections that are being opened. */
  readonly opening: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
  /** Requests that waited in vain, since the start. */
  readonly timeouts: number;
}

export interface Pool {
  /**
   * Runs a transaction as the admitted role. The results are those of `statements`, one each.
   * @param abort cancels the transaction on the server: the client went away, or its right ended
   * @throws PoolServerError when the server refused a statement
   * @throws PoolError for what is the pool's own: no connection in time, a lost one, too many bytes
   * @throws UpstreamError, UpstreamRefused when no server can be logged in to, or the role has too many rights
   */
  run(admission: Admission, transaction: Transaction, abort?: Abort): Promise<readonly Result[]>;
  /**
   * Runs one constant query of our own as the login role, read-only: the catalog, the configuration in the database.
   * Throws as `run` does.
   */
  lookUp(statement: Statement, abort?: Abort): Promise<Result>;
  /** Listens on a channel, on a connection of its own. */
  listen(channel: string, events: ListenEvents): Listening;
  stats(): PoolStats;
  /** Keeps no connection that is idle any more. What still comes is run. */
  retire(): void;
  /** Takes no more requests; resolves when those under way have ended and all connections are closed. */
  close(): Promise<void>;
}
