import type { ErrorSpec } from "../base/error.ts";

export type AccessErrorCode =
  | "access/audit-unavailable"
  | "access/too-many-failures"
  | "access/too-many-sessions"
  | "access/unavailable";

export const accessErrors: Readonly<Record<AccessErrorCode, ErrorSpec>> = {
  "access/audit-unavailable": {
    sqlstate: "58030",
    http: 503,
    publicMessage: "this login could not be recorded, and must be; try again shortly",
  },
  "access/too-many-failures": {
    sqlstate: "28000",
    http: 429,
    publicMessage: "too many failed logins from this address; wait a minute",
  },
  "access/too-many-sessions": {
    sqlstate: "53300",
    http: 429,
    publicMessage: "this identity has too many sessions; close one first",
  },
  "access/unavailable": {
    sqlstate: "08006",
    http: 503,
    publicMessage: "the login could not be decided; try again shortly",
  },
};
