import type { Clock } from "../base/clock.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { StoreError } from "./errors.ts";
import { leavesOpen } from "./failure.ts";
import type { Transaction } from "./queries.ts";

export interface TransactionOptions {
  /** `serializable` by default; the other where rows are locked by hand. */
  readonly isolation?: "serializable" | "read committed";
}

/** For transactions that lock by hand: behind the lock they see what the one before committed. */
export const BEHIND_LOCKS: TransactionOptions = { isolation: "read committed" };

/** Two that meet are through after one repetition; who still meets others after this many is told so. */
const MAX_ATTEMPTS = 8;
/** Between two attempts, at most, so that those who met do not meet again. */
const MAX_PAUSE_MS = 50;
/** For a server that restarts in mid-commit to be back and tell what became of it. */
const RESOLVE_ATTEMPTS = 20;
const RESOLVE_PAUSE_MS = 500;

/** What identifies a transaction afterwards, on the same line of the server's history. */
interface Trace {
  readonly xid: string;
  readonly timeline: string;
}

type Fate = "committed" | "aborted" | "unknown";

/** Thrown to have a transaction run again. */
const again = () => new StoreError("store/conflict", "the transaction was not committed");

/** Runs transactions: again when they met others, and to a certain end when the connection is lost in COMMIT. */
export class Transactions {
  readonly #connections: Connections;
  readonly #clock: Clock;

  constructor(connections: Connections, clock: Clock) {
    this.#connections = connections;
    this.#clock = clock;
  }

  async run<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(work, options);
      } catch (error) {
        const met = error instanceof StoreError && error.code === "store/conflict";
        if (!met || attempt === MAX_ATTEMPTS) throw error;
        await this.#pause(Math.random() * MAX_PAUSE_MS);
      }
    }
  }

  async #once<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions): Promise<T> {
    let trace: Trace | undefined;
    let result: { readonly value: T } | undefined;
    try {
      return await this.#connections.use(async (connection) => {
        trace = await begin(connection, options);
        const value = await orRollBack(connection, () => work(connection));
        result = { value };
        await commit(connection);
        return value;
      });
    } catch (error) {
      const lost = result !== undefined && error instanceof StoreError && leavesOpen(error);
      if (!lost || trace === undefined || result === undefined) throw error;
      const fate = await this.#fateOf(trace);
      if (fate === "committed") return (result as { readonly value: T }).value;
      if (fate === "aborted") throw again();
      throw new StoreError("store/outcome-unknown", error.message, { cause: error });
    }
  }

  /** Asks the server what became of a transaction (PostgreSQL docs, "Transaction ID and Snapshot Information Functions"). */
  async #fateOf(trace: Trace): Promise<Fate> {
    for (let attempt = 1; attempt <= RESOLVE_ATTEMPTS; attempt++) {
      const status = await this.#statusOf(trace).catch(() => "unreachable");
      if (status === "committed" || status === "aborted") return status;
      if (status === "unknown") return "unknown";
      await this.#pause(RESOLVE_PAUSE_MS);
    }
    return "unknown";
  }

  /** A server that was promoted since may have given the same id to another transaction: then nobody can tell. */
  async #statusOf({ xid, timeline }: Trace): Promise<string> {
    const [row] = await this.#connections.use((connection) =>
      connection.query(
        `SELECT CASE WHEN ${TIMELINE} = $1 THEN coalesce(pg_xact_status($2::xid8), 'unknown') ELSE 'unknown' END AS status`,
        [timeline, xid],
      ),
    );
    return String(row?.["status"]);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

/** The first eight digits of a WAL file's name (PostgreSQL docs, "WAL Internals"). */
const TIMELINE = "left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)";

/** Begins, in one round trip, and notes by what name the server knows the transaction. */
async function begin(
  connection: Connection,
  { isolation = "serializable" }: TransactionOptions,
): Promise<Trace> {
  const results = await connection.script(
    `BEGIN ISOLATION LEVEL ${isolation === "serializable" ? "SERIALIZABLE" : "READ COMMITTED"}; ` +
      `SELECT pg_current_xact_id()::text AS xid, ${TIMELINE} AS timeline`,
  );
  const row = results.at(-1)?.rows[0];
  return { xid: String(row?.["xid"]), timeline: String(row?.["timeline"]) };
}

async function orRollBack<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // A connection that cannot even roll back is closed, which does the same.
    if (!connection.broken) await connection.script("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** COMMIT of a transaction in which a statement failed rolls it back, and says so in its tag only ("COMMIT"). */
async function commit(connection: Connection): Promise<void> {
  const [result] = await connection.script("COMMIT");
  if (result?.command !== "COMMIT")
    throw new TypeError("a transaction went on after one of its statements had failed");
}
