import type pg from "pg";
import type { Clock } from "../base/clock.ts";
import { within } from "../base/within.ts";
import type { StoreConfig } from "../config/schema.ts";
import { StoreError } from "./errors.ts";
import { ruins, storeError } from "./failure.ts";
import { deadlineOf } from "./login.ts";
import type { Row, Transaction, Value } from "./queries.ts";

/** A policy object, a request, a page of events: all are far smaller. */
const MAX_STATEMENT_BYTES = 4 * 1024 * 1024;

/** One connection while somebody has it. Each statement has a deadline here, whatever the server does. */
export class Connection implements Transaction {
  readonly #client: pg.ClientBase;
  readonly #deadlineMs: number;
  readonly #clock: Clock;
  #broken = false;

  constructor(client: pg.ClientBase, config: StoreConfig, clock: Clock) {
    this.#client = client;
    this.#deadlineMs = deadlineOf(config);
    this.#clock = clock;
  }

  /** Whether its state is in doubt, so that nobody may have it next. */
  get broken(): boolean {
    return this.#broken;
  }

  breaks(): void {
    this.#broken = true;
  }

  async query(text: string, values: readonly Value[] = []): Promise<readonly Row[]> {
    refuseTooLarge(text, values);
    const result = await this.#bounded(this.#client.query<Record<string, unknown>>(text, [...values]));
    return result.rows;
  }

  /** Runs several statements in one message and returns what each came to; for texts of our own without values. */
  async script(text: string): Promise<readonly pg.QueryResult<Record<string, unknown>>[]> {
    const results: unknown = await this.#bounded(this.#client.query(text));
    return (Array.isArray(results) ? results : [results]) as pg.QueryResult<Record<string, unknown>>[]; // pg's typing hides several results
  }

  async #bounded<T>(running: Promise<T>): Promise<T> {
    const late = (): never => {
      throw new StoreError("store/unavailable", `the store did not answer within ${this.#deadlineMs} ms`);
    };
    try {
      return await within(this.#clock, this.#deadlineMs, running, late);
    } catch (thrown) {
      const error = storeError(thrown);
      this.#broken ||= ruins(error);
      throw error;
    }
  }
}

function refuseTooLarge(text: string, values: readonly Value[]): void {
  const bytes = values.reduce<number>((sum, value) => sum + sizeOf(value), text.length);
  if (bytes > MAX_STATEMENT_BYTES)
    throw new StoreError(
      "store/too-large",
      `a statement of ${bytes} bytes; ${MAX_STATEMENT_BYTES} are stored`,
    );
}

function sizeOf(value: Value): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Buffer.isBuffer(value)) return value.length;
  if (Array.isArray(value))
    return value.reduce<number>((sum, one: string) => sum + Buffer.byteLength(one), 0);
  return 8;
}
