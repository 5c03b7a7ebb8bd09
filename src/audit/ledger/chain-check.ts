import type { SignedCheckpoint } from "./audited.ts";
import { readCheckpoint } from "./checkpoint.ts";
import type { LedgerRecord } from "./record.ts";
import { NOTHING_BEFORE } from "./record.ts";
import type { ChainReport, Finding, FindingKind } from "./verdict.ts";
import type { Checked, SignatureCheck } from "./verify.ts";

interface ChainCheckParts {
  /** Checkpoints of this chain that were held elsewhere. */
  readonly held: readonly SignedCheckpoint[];
  /** None: signatures are not looked at. */
  readonly isSigned: SignatureCheck | undefined;
  readonly find: (finding: Finding) => void;
}

/** What was met last: its hash is not known when its line was no record. */
interface Last {
  readonly seq: number;
  readonly hash: string | undefined;
  readonly time: string;
}

/** One chain, record by record. */
export class ChainCheck {
  readonly #node: string;
  readonly #parts: ChainCheckParts;
  readonly #heldAt: ReadonlyMap<number, readonly SignedCheckpoint[]>;
  #first: number | undefined;
  #last: Last | undefined;
  #signedTo: number | undefined;
  #heldTo: number | undefined;
  records = 0;

  constructor(node: string, parts: ChainCheckParts) {
    this.#node = node;
    this.#parts = parts;
    this.#heldAt = Map.groupBy(parts.held, ({ seq }) => seq);
  }

  take(record: LedgerRecord, where: string): void {
    const { seq, hash, time } = record;
    this.records += 1;
    if (!this.#follows(record, where)) return;
    this.#last = { seq, hash, time };
    this.#compare(record, where);
    if (record.event.event === "ledger.checkpoint.v1") this.#checkpoint(record, where);
  }

  /** A line was no record: what follows it cannot be compared with it. */
  skip(seq: number | undefined): void {
    const last = this.#last;
    if (last === undefined) return;
    this.#last = { ...last, seq: seq === last.seq + 1 ? seq : last.seq, hash: undefined };
  }

  /** Whether the record is in its place, or near enough to go on from it. */
  #follows(record: LedgerRecord, where: string): boolean {
    const { seq, prev } = record;
    const last = this.#last;
    if (last === undefined) {
      this.#first = seq;
      this.#begins(record, where);
      return true;
    }
    if (seq <= last.seq) {
      this.#found("order", seq, where, `record ${seq} comes again, or after record ${last.seq}`);
      return false;
    }
    if (seq > last.seq + 1) {
      const unread = last.hash === undefined && seq === last.seq + 2; // the line that was no record
      if (!unread) this.#found("missing", last.seq + 1, where, missing(last.seq + 1, seq - 1));
    } else if (last.hash !== undefined && prev !== last.hash)
      this.#found(
        "link",
        seq,
        where,
        `record ${seq} was not written behind the record ${last.seq} that is here`,
      );
    return true;
  }

  #begins({ seq, prev }: LedgerRecord, where: string): void {
    if (seq === 1) {
      if (prev !== NOTHING_BEFORE) this.#found("link", 1, where, "the first record names one before it");
      return;
    }
    // Old files may have been put away; a checkpoint that was kept says that they were as they should be.
    const anchored = this.#parts.held.some((one) => one.seq === seq - 1 && one.hash === prev);
    if (!anchored) this.#found("missing", 1, where, missing(1, seq - 1));
  }

  #compare({ seq, hash }: LedgerRecord, where: string): void {
    for (const held of this.#heldAt.get(seq) ?? []) {
      if (held.hash === hash) this.#heldTo = seq;
      else
        this.#found(
          "rewritten",
          seq,
          where,
          `record ${seq} is not the one that the checkpoint of ${held.time} is of`,
        );
    }
  }

  /** A checkpoint is of the record right before it, and of nothing else. */
  #checkpoint({ seq, prev, time, event }: LedgerRecord, where: string): void {
    const checkpoint = readCheckpoint(event);
    const here =
      checkpoint !== undefined &&
      checkpoint.node === this.#node &&
      checkpoint.seq === seq - 1 &&
      checkpoint.hash === prev &&
      checkpoint.time === time;
    if (!here) this.#found("replayed", seq, where, "the checkpoint was made for another place");
    else if (this.#parts.isSigned === undefined) return;
    else if (this.#parts.isSigned(checkpoint)) this.#signedTo = checkpoint.seq;
    else this.#found("signature", seq, where, "the checkpoint is not signed by the key");
  }

  /** Another chain began where this one was, and says how far it had gone. */
  endsAt({ seq, hash }: Checked): void {
    const last = this.#last;
    if (last === undefined) return;
    if (last.seq < seq)
      this.#found(
        "truncated",
        last.seq + 1,
        undefined,
        `${missing(last.seq + 1, seq)}: the next chain says so`,
      );
    if (last.seq === seq && last.hash !== hash)
      this.#found("rewritten", seq, undefined, `record ${seq} is not the one that the next chain speaks of`);
  }

  /** There is no more of it. */
  end(): void {
    const last = this.#last?.seq ?? 0;
    const missed = this.#parts.held.filter(({ seq }) => seq > last).sort((a, b) => b.seq - a.seq)[0];
    if (missed !== undefined)
      this.#found(
        "truncated",
        last + 1,
        undefined,
        `${missing(last + 1, missed.seq)}: the checkpoint of ${missed.time} is of record ${missed.seq}`,
      );
    if (this.#parts.isSigned !== undefined && this.#signedTo === undefined)
      this.#found("unsigned", undefined, undefined, "no checkpoint in the chain is signed by the key");
  }

  report(): ChainReport | undefined {
    if (this.#first === undefined || this.#last === undefined) return undefined;
    const { seq, time, hash = "" } = this.#last;
    const known = { signedTo: this.#signedTo, heldTo: this.#heldTo };
    return { node: this.#node, first: this.#first, last: seq, records: this.records, time, hash, ...known };
  }

  #found(kind: FindingKind, seq: number | undefined, where: string | undefined, what: string): void {
    this.#parts.find({ kind, node: this.#node, seq, where, what });
  }
}

function missing(from: number, to: number): string {
  return from === to ? `record ${from} is missing` : `records ${from} to ${to} are missing`;
}
