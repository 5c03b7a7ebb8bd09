/**
 * Whether a ledger is what was written. Nothing that is in it is believed: hashes are made anew, keys and the state at
 * the end come from elsewhere. What a chain alone cannot show, a checkpoint does that was held where the ledger's
 * writers could not reach: that the end is missing, or all of it was written anew.
 */
import type { KeyObject } from "node:crypto";
import type { SignedCheckpoint } from "./audited.ts";
import { ChainCheck } from "./chain-check.ts";
import { isSignedBy, keyId } from "./checkpoint.ts";
import type { Line } from "./lines.ts";
import type { LedgerRecord } from "./record.ts";
import { isFault, readRecord } from "./record.ts";
import type { Finding, Verdict } from "./verdict.ts";

export interface VerifyOptions {
  /** Public keys that checkpoints may be signed with; without any, signatures are not looked at. */
  readonly keys: readonly KeyObject[];
  /** Checkpoints that were held elsewhere. */
  readonly held: readonly SignedCheckpoint[];
  /** Told now and then how many lines were read. */
  readonly onProgress?: (lines: number) => void;
}

/** More findings than this tell nothing new. */
const MAX_FINDINGS = 1000;
const PROGRESS_LINES = 10_000;

/** Says whether a checkpoint is signed by one of the keys. */
export type SignatureCheck = (checkpoint: SignedCheckpoint) => boolean;

/** Reads all of it once, in the order of its files. */
export async function verifyLedger(
  lines: AsyncIterable<Line> | Iterable<Line>,
  { keys, held, onProgress = () => {} }: VerifyOptions,
): Promise<Verdict> {
  const verification = new Verification(keys, held);
  let count = 0;
  for await (const line of lines) {
    verification.take(line);
    count += 1;
    if (count % PROGRESS_LINES === 0) onProgress(count);
  }
  return verification.verdict();
}

class Verification {
  readonly #held: readonly SignedCheckpoint[];
  readonly #isSigned: SignatureCheck | undefined;
  readonly #chains = new Map<string, ChainCheck>();
  readonly #findings: Finding[] = [];
  readonly #notes: string[] = [];
  /** Where the record of each notice is. */
  readonly #notices = new Map<string, string>();
  /** What first records say of the chain that was there before. */
  readonly #followed: Checked[] = [];

  constructor(keys: readonly KeyObject[], held: readonly SignedCheckpoint[]) {
    const byId = new Map(keys.map((key) => [keyId(key), key]));
    this.#isSigned =
      keys.length === 0
        ? undefined
        : (checkpoint) => {
            const key = byId.get(checkpoint.key);
            return key !== undefined && isSignedBy(checkpoint, key);
          };
    this.#held = held.filter((checkpoint) => this.#believe(checkpoint));
  }

  #believe(checkpoint: SignedCheckpoint): boolean {
    if (this.#isSigned?.(checkpoint) !== false) return true;
    const { node, seq } = checkpoint;
    this.#find({
      kind: "signature",
      node,
      seq,
      where: undefined,
      what: "a checkpoint that was held elsewhere is not signed by the key",
    });
    return false;
  }

  take({ text, where, unfinished }: Line): void {
    const read = readRecord(text);
    if (!isFault(read)) {
      this.#chain(read.node).take(read, where);
      this.#follow(read);
      this.#compareNotice(read, where);
    } else if (unfinished) {
      this.#notes.push(`${where}: ends in a record that is not finished; the next start cuts it off`);
    } else {
      const node = read.node ?? "";
      this.#find({ kind: "edited", node, seq: read.seq, where, what: `the line ${read.fault}` });
      if (read.node !== undefined && this.#chains.has(read.node)) this.#chains.get(read.node)?.skip(read.seq);
      else for (const chain of this.#chains.values()) chain.skip(undefined);
    }
  }

  #chain(node: string): ChainCheck {
    const known = this.#chains.get(node);
    if (known !== undefined) return known;
    const made = new ChainCheck(node, {
      held: this.#held.filter((checkpoint) => checkpoint.node === node),
      isSigned: this.#isSigned,
      find: (finding) => this.#find(finding),
    });
    this.#chains.set(node, made);
    return made;
  }

  #follow({ event }: LedgerRecord): void {
    const { after } = event;
    if (event.event !== "ledger.begun.v1" || typeof after !== "object" || after === null) return;
    const { node, seq, hash } = after as { readonly [name: string]: unknown };
    if (typeof node === "string" && typeof seq === "number" && typeof hash === "string")
      this.#followed.push({ node, seq, hash });
  }

  /** One change that is recorded twice is no sign of tampering: a node died before it could say that it had recorded it. */
  #compareNotice({ node, seq, event: { eventId } }: LedgerRecord, where: string): void {
    if (typeof eventId !== "string") return;
    const here = `${node} #${seq}`;
    const before = this.#notices.get(eventId);
    if (before === undefined) this.#notices.set(eventId, here);
    else this.#notes.push(`${where}: ${here} is about the same change as ${before} (${eventId})`);
  }

  #find(finding: Finding): void {
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push(finding);
  }

  verdict(): Verdict {
    const chains = [...this.#chains.values()];
    for (const chain of chains) chain.end();
    for (const before of this.#followed) this.#chains.get(before.node)?.endsAt(before);
    for (const node of new Set(this.#held.map((checkpoint) => checkpoint.node)))
      if (!this.#chains.has(node))
        this.#find({
          kind: "truncated",
          node,
          seq: 1,
          where: undefined,
          what: "the chain is not there, but a checkpoint of it is",
        });
    return {
      ok: this.#findings.length === 0,
      records: chains.reduce((sum, { records }) => sum + records, 0),
      chains: chains.flatMap((chain) => chain.report() ?? []),
      findings: this.#findings,
      notes: this.#notes,
    };
  }
}

/** A state of a chain that something in the ledger speaks of. */
export interface Checked {
  readonly node: string;
  readonly seq: number;
  readonly hash: string;
}
