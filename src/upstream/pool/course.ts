import type { RoleName } from "../../base/ids.ts";
import {
  begin,
  checkConstraints,
  commit,
  discardSequences,
  front,
  lookAround,
  resetSettings,
  rollback,
} from "./own-statements.ts";
import type { Statement, Transaction, TransactionEnd } from "./pool.ts";

/** A transaction, and whose: an admitted role's, or (none) that of the role that logged in. */
export interface Work {
  readonly role: RoleName | "none";
  readonly transaction: Transaction;
}

/** The statements of a transaction with the pool's own around them. */
export interface Course {
  /** The first round trip, and mostly the only one. */
  readonly statements: readonly Statement[];
  /** Where those of the door begin. */
  readonly from: number;
  /** Where `lookAround` is, when the first round trip is the only one. */
  readonly look: number | undefined;
}

/**
 * One round trip where it can be: between two Syncs everything is one transaction anyway, which commits. BEGIN is needed
 * for another isolation level or another end, and (before PostgreSQL 18) for SET CONSTRAINTS, which otherwise warns.
 * @param implicitBlocks whether the server is one that counts this implicit transaction as a transaction block
 */
export function courseOf({ role, transaction }: Work, implicitBlocks: boolean): Course {
  const { readOnly, isolation, end, statements } = transaction;
  const implicit = end === "commit" && isolation === undefined && (readOnly || implicitBlocks);
  const lead = front(role, transaction);
  const all = implicit ? [lead] : [begin(isolation, readOnly), lead];
  const from = all.length;
  for (const statement of statements) all.push(statement);
  if (typeof end === "function") return { statements: all, from, look: undefined };
  leave(all, readOnly);
  const look = all.length - 1;
  if (!implicit) all.push(end === "commit" ? commit : rollback);
  return { statements: all, from, look };
}

/** The second round trip of a transaction that saw its results first; `lookAround` is the last but one. */
export function endingOf({ readOnly }: Transaction, end: TransactionEnd): readonly Statement[] {
  const all: Statement[] = [];
  leave(all, readOnly);
  all.push(end === "commit" ? commit : rollback);
  return all;
}

/** What leaves the connection as it was. A read-only transaction queues no triggers and takes no number of a sequence. */
function leave(all: Statement[], readOnly: boolean): void {
  if (!readOnly) all.push(checkConstraints, discardSequences);
  all.push(resetSettings, lookAround);
}
