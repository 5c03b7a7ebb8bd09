import { type ErrorFields, parseErrorFields } from "../../protocol/backend-messages.ts";
import { ProtocolFault } from "../../protocol/fault.ts";
import { checkCommandTag, checkDataRow, commandTag, sliceDataRow } from "../../protocol/query-results.ts";
import type { Result, Row } from "./pool.ts";
import type { Prepared } from "./prepared-statements.ts";

const NO_ROWS: readonly Row[] = [];
const UNREAD: Result = { rows: NO_ROWS, tag: "" };

/** A statement that runs. */
export interface Step {
  /** Its name; undefined when it has none. */
  readonly prepared: Prepared | undefined;
  /** What it returns is looked at, for a server must not lie, and not kept. */
  readonly unread: boolean;
}

/** What came of one round trip, up to its ReadyForQuery. */
export class Answer {
  readonly results: Result[] = [];
  error: ErrorFields | undefined;
  /** Bytes of rows. */
  size = 0;
  /** Whether the statement at which it stands was bound, and so begun. */
  #bound = false;
  readonly #steps: readonly Step[] | undefined;
  readonly #parses: readonly (Prepared | undefined)[];
  #parsed = 0;
  #rows: Row[] | undefined;

  /**
   * @param steps the statements that run, in order; undefined: of a simple query
   * @param parses those of them that are parsed first; those without a name are undefined
   */
  constructor(steps: readonly Step[] | undefined, parses: readonly (Prepared | undefined)[]) {
    this.#steps = steps;
    this.#parses = parses;
  }

  /**
   * Whether it stopped only because the server no longer has what we knew under a name, before that statement began:
   * its columns changed ("cached plan must not change result type"), or a function deallocated it or took its name.
   */
  get stale(): boolean {
    const code = this.error?.get("C");
    if (this.#bound || code === undefined) return false;
    const known = this.#steps?.[this.results.length]?.prepared?.known;
    return code === "42P05" ? known === false : known === true && (code === "0A000" || code === "26000");
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
    if (prepared !== undefined) prepared.known = true;
  }

  bound(): void {
    this.#bound = true;
  }

  row(bytes: Buffer, start: number, end: number): void {
    this.size += end - start;
    if (this.#unread) checkDataRow(bytes, start, end);
    else if (this.#rows === undefined) this.#rows = [sliceDataRow(bytes, start, end)];
    else this.#rows.push(sliceDataRow(bytes, start, end));
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
