import type { ErrorSpec } from "../base/error.ts";
import { PosternError } from "../base/error.ts";

export type StoreErrorCode =
  | "store/unavailable"
  | "store/outcome-unknown"
  | "store/conflict"
  | "store/constraint"
  | "store/refused"
  | "store/schema"
  | "store/too-large";

export const storeErrors: Readonly<Record<StoreErrorCode, ErrorSpec>> = {
  "store/unavailable": {
    sqlstate: "57P03",
    http: 503,
    publicMessage: "the gateway cannot reach its own store; try again shortly",
  },
  "store/outcome-unknown": {
    sqlstate: "08007",
    http: 503,
    publicMessage: "the gateway lost its store in mid-change; look whether it was made before trying again",
  },
  "store/conflict": {
    sqlstate: "40001",
    http: 409,
    publicMessage: "somebody else changed the same thing at the same time; try again",
  },
  "store/constraint": {
    sqlstate: "23000",
    http: 409,
    publicMessage: "this contradicts what the gateway has stored already",
  },
  "store/refused": {
    sqlstate: "57P03",
    http: 503,
    publicMessage: "the gateway's own store does not work as it should; tell its administrator",
  },
  "store/schema": {
    sqlstate: "57P03",
    http: 503,
    publicMessage: "the gateway and its store are of different versions; tell its administrator",
  },
  "store/too-large": { sqlstate: "54000", http: 413, publicMessage: "this is more than the gateway stores" },
};

/** The store did not do what was asked. What PostgreSQL or the network said is the cause, and never thrown itself. */
export class StoreError extends PosternError<StoreErrorCode> {
  /** The violated constraint, when the code is store/constraint. */
  readonly constraint: string | undefined;

  constructor(
    code: StoreErrorCode,
    detail: string,
    options: ErrorOptions & { readonly constraint?: string | undefined } = {},
  ) {
    super(code, storeErrors[code], detail, options);
    this.constraint = options.constraint;
  }
}
