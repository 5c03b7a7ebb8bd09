import type { RoleName } from "../../base/ids.ts";
import {
  begin,
  checkConstraints,
  commit,
  discardSequences,
  front,
  lookAround,
  lookClosely,
  resetSettings,
  rollback,
  unlisten,
} from "./own-statements.ts";
import type { Statement, Transaction, TransactionEnd } from "./pool.ts";

/** A transaction, and whose. */
export interface Work {
  /** The admitted role; undefined: the one that logged in. */
  readonly role: RoleName | undefined;
  readonly transaction: Transaction;
}

export interface How {
  /** Whether the server counts the implicit transaction of a pipeline as a transaction block. */
  readonly implicitBlocks: boolean;
  /** Whether to look for statements that SQL prepared. */
  readonly closely: boolean;
}

/** The statements of a transaction with the pool's own around them. */
export interface Course {
  /** The first round trip, and mostly the only one. */
  readonly statements: readonly Statement[];
  /** Where those of the door begin. */
  readonly from: number;
  /** Where the look at what was left is, when the first round trip is the only one. */
  readonly look: number | undefined;
}

/**
 * One round trip where it can be: between two Syncs everything is one transaction anyway, which commits. BEGIN is needed
 * for another isolation level or another end, and (before PostgreSQL 18) for SET CONSTRAINTS, which otherwise warns.
 */
export function courseOf({ role, transaction }: Work, { implicitBlocks, closely }: How): Course {
  const { readOnly, isolation, end, statements } = transaction;
  const implicit = end === "commit" && isolation === undefined && (readOnly || implicitBlocks);
  const lead = front(role, transaction);
  const all = implicit ? [lead] : [begin(isolation, readOnly), lead];
  const from = all.length;
  for (const statement of statements) all.push(statement);
  if (typeof end === "function") return { statements: all, from, look: undefined };
  leave(all, readOnly, closely);
  const look = all.length - 1;
  if (!implicit) all.push(end === "commit" ? commit : rollback);
  return { statements: all, from, look };
}

/** The second round trip of a transaction that saw its results first; the look is the last but one. */
export function endingOf(
  { readOnly }: Transaction,
  end: TransactionEnd,
  { closely }: How,
): readonly Statement[] {
  const all: Statement[] = [];
  leave(all, readOnly, closely);
  all.push(end === "commit" ? commit : rollback);
  return all;
}

/** What leaves the connection as it was. A read-only transaction queues no triggers and takes no number of a sequence. */
function leave(all: Statement[], readOnly: boolean, closely: boolean): void {
  if (!readOnly) all.push(checkConstraints, discardSequences);
  all.push(resetSettings, unlisten, closely ? lookClosely : lookAround);
}
