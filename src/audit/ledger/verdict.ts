/** What verifying a ledger has found. */

export type FindingKind =
  /** A line is no record, or was edited. */
  | "edited"
  /** A record does not name the hash of the one before. */
  | "link"
  /** Records are not there. */
  | "missing"
  /** A record comes again, or later than one with a higher number. */
  | "order"
  /** A checkpoint in the chain is about another place. */
  | "replayed"
  /** A checkpoint is not signed by a key that was given. */
  | "signature"
  /** Nothing in the chain is signed by a key that was given. */
  | "unsigned"
  /** The chain ends before a checkpoint that was held elsewhere. */
  | "truncated"
  /** The chain is not the one that a checkpoint was made of. */
  | "rewritten";

/** Something that is wrong, and where. */
export interface Finding {
  readonly kind: FindingKind;
  readonly node: string;
  /** The first record that is wrong; none when it is not about one. */
  readonly seq: number | undefined;
  readonly where: string | undefined;
  readonly what: string;
}

/** One chain, as far as it goes. */
export interface ChainReport {
  readonly node: string;
  readonly first: number;
  readonly last: number;
  readonly records: number;
  /** The time of the last record. */
  readonly time: string;
  readonly hash: string;
  /** The last record that a checkpoint in the chain covers which a given key has signed. */
  readonly signedTo: number | undefined;
  /** The last record that a checkpoint from elsewhere covers. */
  readonly heldTo: number | undefined;
}

export interface Verdict {
  readonly ok: boolean;
  readonly records: number;
  readonly chains: readonly ChainReport[];
  /** In the order in which they were met; the first thousand. */
  readonly findings: readonly Finding[];
  /** What is no fault, but should be known. */
  readonly notes: readonly string[];
}
