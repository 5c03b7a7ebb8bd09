import type { Room } from "../../base/budget.ts";
import { type ErrorFields, parseErrorFields } from "../../protocol/backend-messages.ts";
import { ProtocolFault } from "../../protocol/fault.ts";
import type { TransactionStatus } from "../../protocol/message-flow.ts";
import { checkCommandTag, checkDataRow, commandTag, sliceDataRow } from "../../protocol/query-results.ts";
import type { Result, Row } from "./pool.ts";
import type { Prepared } from "./prepared-statements.ts";

const NO_ROWS: readonly Row[] = [];
const UNREAD: Result = { rows: NO_ROWS, tag: "" };

/**
 * From this size on a row gets memory of its own, where it would share it with answers to others: a reader of large
 * values gives their memory back when it has done with them.
 */
const OWN_BYTES = 16 * 1024;

/** A statement that runs. */
export interface Step {
  /** Its name; undefined when it has none. */
  readonly prepared: Prepared | undefined;
  /** Whether it is parsed in this round trip; what was named in an earlier one is not. */
  readonly parsed: boolean;
  /** What it returns is looked at, for a server must not lie, and not kept. */
  readonly unread: boolean;
}

/** What came of one round trip, up to its ReadyForQuery. */
export class Answer {
  readonly results: Result[] = [];
  error: ErrorFields | undefined;
  /** The transaction status behind it. */
  status: TransactionStatus = "I";
  /** Bytes of rows. */
  size = 0;
  /** Whether the statement at which it stands was bound, and so begun. */
  #bound = false;
  readonly #steps: readonly Step[] | undefined;
  readonly #parses: readonly (Prepared | undefined)[];
  readonly #alone: boolean;
  /** Where its rows are counted. */
  readonly room: Room | undefined;
  #parsed = 0;
  #rows: Row[] | undefined;

  /**
   * @param steps the statements that run, in order; undefined: of a simple query
   * @param parses those of them that are parsed first; those without a name are undefined
   * @param alone nothing else is under way, so that nobody else's answer can lie in the same memory
   */
  constructor(
    steps: readonly Step[] | undefined,
    parses: readonly (Prepared | undefined)[],
    alone: boolean,
    room?: Room,
  ) {
    this.#steps = steps;
    this.#parses = parses;
    this.#alone = alone;
    this.room = room;
  }

  /**
   * Whether it stopped only because the server no longer has what we knew under a name, before that statement began:
   * its columns changed ("cached plan must not change result type"), or a function deallocated it or took its name.
   */
  get stale(): boolean {
    const code = this.error?.get("C");
    if (this.#bound || code === undefined) return false;
    const step = this.#steps?.[this.results.length];
    if (step?.prepared === undefined) return false;
    return step.parsed ? code === "42P05" : code === "0A000" || code === "26000";
  }

  /** What was to get a name and did not, because something failed before. */
  get unparsed(): readonly Prepared[] {
    return this.#parses.slice(this.#parsed).filter((prepared) => prepared !== undefined);
  }

  /** Whether it ended well without a result for each statement, which a server never does. */
  get short(): boolean {
    return (
      this.error === undefined && this.#steps !== undefined && this.results.length !== this.#steps.length
    );
  }

  get #unread(): boolean {
    return this.#steps?.[this.results.length]?.unread === true;
  }

  parsed(): void {
    if (this.#parsed >= this.#parses.length) throw new ProtocolFault("a ParseComplete too many");
    const prepared = this.#parses[this.#parsed++];
    if (prepared !== undefined) prepared.state = "known";
  }

  bound(): void {
    this.#bound = true;
  }

  row(bytes: Buffer, start: number, end: number): void {
    this.size += end - start;
    if (this.#unread) {
      checkDataRow(bytes, start, end);
      return;
    }
    const row = this.#sliced(bytes, start, end);
    if (this.#rows === undefined) this.#rows = [row];
    else this.#rows.push(row);
  }

  #sliced(bytes: Buffer, start: number, end: number): Row {
    const length = end - start;
    if (this.#alone || length < OWN_BYTES) return sliceDataRow(bytes, start, end);
    const own = Buffer.allocUnsafeSlow(length);
    bytes.copy(own, 0, start, end);
    return sliceDataRow(own, 0, length);
  }

  complete(bytes: Buffer, start: number, end: number): void {
    const unread = this.#unread;
    if (unread) checkCommandTag(bytes, start, end);
    this.results.push(unread ? UNREAD : { rows: this.#rows ?? NO_ROWS, tag: commandTag(bytes, start, end) });
    this.#rows = undefined;
    this.#bound = false;
  }

  failed(body: Buffer): void {
    this.error ??= parseErrorFields(body);
  }
}
