import type { ErrorSpec } from "../../base/error.ts";
import { PosternError } from "../../base/error.ts";

export type AuditErrorCode =
  | "audit/closed"
  | "audit/damaged"
  | "audit/in-use"
  | "audit/not-forwarded"
  | "audit/queue-full"
  | "audit/unwritable";

export const auditErrors: Readonly<Record<AuditErrorCode, ErrorSpec>> = {
  "audit/closed": {
    sqlstate: "57P01",
    http: 503,
    publicMessage: "the gateway is shutting down; connect again",
  },
  "audit/damaged": {
    sqlstate: "58030",
    http: 503,
    publicMessage: "this access cannot be recorded now; try again shortly",
  },
  "audit/in-use": {
    sqlstate: "58030",
    http: 503,
    publicMessage: "this access cannot be recorded now; try again shortly",
  },
  "audit/not-forwarded": {
    sqlstate: "58030",
    http: 503,
    publicMessage: "records of the ledger could not be sent elsewhere",
  },
  "audit/queue-full": {
    sqlstate: "53000",
    http: 503,
    publicMessage: "too much waits to be recorded; try again shortly",
  },
  "audit/unwritable": {
    sqlstate: "58030",
    http: 503,
    publicMessage: "this access cannot be recorded now; try again shortly",
  },
};

/** The ledger did not take an event, or cannot be opened. */
export class AuditError extends PosternError<AuditErrorCode> {
  constructor(code: AuditErrorCode, detail: string, options?: ErrorOptions) {
    super(code, auditErrors[code], detail, options);
  }
}
