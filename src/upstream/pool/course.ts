import type { Admission } from "../../access/admission.ts";
import type { RoleName } from "../../base/ids.ts";
import { begin, commit, front, type RunStatement, rollback, tidy } from "./own-statements.ts";
import type { Transaction, TransactionEnd } from "./pool.ts";

/** A transaction, and whose. */
export interface Work {
  /** The admitted role; undefined: the one that logged in. */
  readonly role: RoleName | undefined;
  readonly transaction: Transaction;
  /** The right by which it runs. Whatever has the same one is the same identity in the same role, with the same claims. */
  readonly admission: Admission | undefined;
}

/** Work that may be sent behind other work of the same admission, before that is answered. */
export interface BriefWork extends Work {
  readonly admission: Admission;
}

/** Only a read that is one round trip, ends by itself and may be run twice. */
export function isBrief(work: Work): work is BriefWork {
  const { brief, readOnly, isolation, end } = work.transaction;
  return (
    brief !== undefined &&
    readOnly &&
    isolation === undefined &&
    end === "commit" &&
    work.admission !== undefined
  );
}

export interface How {
  /** Whether the server counts the implicit transaction of a pipeline as a transaction block. */
  readonly implicitBlocks: boolean;
  /** Whether to look for statements that SQL prepared. */
  readonly closely: boolean;
  /** Other work of the same admission follows in the same write, which cleans up behind this too. */
  readonly followed?: boolean;
}

/** The statements of a transaction with the pool's own around them. */
export interface Course {
  /** The first round trip, and mostly the only one. */
  readonly statements: readonly RunStatement[];
  /** Where those of the door begin. */
  readonly from: number;
  /** Where the last statement of `tidy` is, when the first round trip is the only one and cleans up. */
  readonly last: number | undefined;
}

/**
 * One round trip where it can be: between two Syncs everything is one transaction anyway, which commits. BEGIN is needed
 * for another isolation level or another end, and (before PostgreSQL 18) for SET CONSTRAINTS, which otherwise warns.
 */
export function courseOf(
  { role, transaction }: Pick<Work, "role" | "transaction">,
  { implicitBlocks, closely, followed = false }: How,
): Course {
  const { readOnly, isolation, end, statements } = transaction;
  const implicit = end === "commit" && isolation === undefined && (readOnly || implicitBlocks);
  const lead = front(role, transaction);
  const all: RunStatement[] = implicit ? [lead] : [begin(isolation, readOnly), lead];
  const from = all.length;
  for (const statement of statements) all.push(statement);
  if (followed || typeof end === "function") return { statements: all, from, last: undefined };
  all.push(...tidy(readOnly, closely));
  const last = all.length - 1;
  if (!implicit) all.push(end === "commit" ? commit : rollback);
  return { statements: all, from, last };
}

/** The second round trip of a transaction that saw its results first; the last statement of `tidy` is the last but one. */
export function endingOf(
  { readOnly }: Transaction,
  end: TransactionEnd,
  { closely }: How,
): readonly RunStatement[] {
  return [...tidy(readOnly, closely), end === "commit" ? commit : rollback];
}
