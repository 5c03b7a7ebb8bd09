import type { ErrorSpec } from "../../base/error.ts";
import { PosternError } from "../../base/error.ts";
import type { ErrorFields } from "../../protocol/backend-messages.ts";

export type PoolErrorCode =
  | "pool/acquisition-timeout"
  | "pool/connection-lost"
  | "pool/result-too-large"
  | "pool/too-many-results"
  | "pool/aborted"
  | "pool/closed";

export const poolErrors: Readonly<Record<PoolErrorCode, ErrorSpec>> = {
  "pool/acquisition-timeout": {
    sqlstate: "53300",
    http: 504,
    publicMessage: "no connection to the database server became free in time; try again shortly",
  },
  "pool/connection-lost": {
    sqlstate: "08006",
    http: 503,
    publicMessage: "the connection to the database server broke; whether the request was done is not known",
  },
  "pool/result-too-large": {
    sqlstate: "54000",
    http: 500,
    publicMessage: "the result is larger than the gateway lets through; ask for less at a time",
  },
  "pool/too-many-results": {
    sqlstate: "53200",
    http: 503,
    publicMessage: "too many large answers at once; try again shortly, or ask for less at a time",
  },
  "pool/aborted": {
    sqlstate: "57014",
    http: 503,
    publicMessage: "the request was given up",
  },
  "pool/closed": {
    sqlstate: "57P01",
    http: 503,
    publicMessage: "the gateway is shutting down; try again shortly",
  },
};

/** What is the pool's own, and not the server's answer to a statement. */
export class PoolError extends PosternError<PoolErrorCode> {
  constructor(code: PoolErrorCode, detail: string, options?: ErrorOptions) {
    super(code, poolErrors[code], detail, options);
  }
}

/** The server's ErrorResponse to a statement of a transaction. The transaction was rolled back. */
export class PoolServerError extends Error {
  /** By the one-letter codes of "Error and Notice Message Fields": C, M, D, H and so on. */
  readonly fields: ErrorFields;

  constructor(fields: ErrorFields) {
    super([fields.get("C") ?? "no SQLSTATE", fields.get("M")].join(": "));
    this.name = "PoolServerError";
    this.fields = fields;
  }

  get sqlstate(): string {
    return this.fields.get("C") ?? "";
  }
}
