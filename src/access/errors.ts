import type { ErrorSpec } from "../base/error.ts";

export type AccessErrorCode =
  | "access/audit-unavailable"
  | "access/too-many-failures"
  | "access/too-many-sessions"
  | "access/unavailable"
  | "access/policy-unavailable"
  | "access/object-invalid"
  | "access/object-exists"
  | "access/object-conflict"
  | "access/object-not-found"
  | "access/object-in-file"
  | "access/session-not-found"
  | "access/narrow-token"
  | "access/no-store"
  | "access/not-recorded"
  | "access/impersonation"
  | "access/user-disabled"
  | "access/user-not-found"
  | "access/user-self";

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
  "access/policy-unavailable": {
    sqlstate: "08006",
    http: 503,
    publicMessage: "the policy cannot be read at the moment; try again shortly",
  },
  "access/object-invalid": {
    sqlstate: "22023",
    http: 422,
    publicMessage: "this is no policy object that can be kept; `detail` says what is wrong",
  },
  "access/object-exists": {
    sqlstate: "42710",
    http: 409,
    publicMessage: "there is such an object already; replace it instead",
  },
  "access/object-conflict": {
    sqlstate: "40001",
    http: 409,
    publicMessage: "somebody has changed the object meanwhile; read it again and repeat",
  },
  "access/object-not-found": { sqlstate: "42704", http: 404, publicMessage: "there is no such object" },
  "access/session-not-found": {
    sqlstate: "42704",
    http: 404,
    publicMessage: "there is no such session, or it is over",
  },
  "access/object-in-file": {
    sqlstate: "42501",
    http: 409,
    publicMessage: "the object is in a file of the configuration; change it there",
  },
  "access/narrow-token": {
    sqlstate: "42501",
    http: 403,
    publicMessage: "this token is good for database roles only; use the login of your issuer",
  },
  "access/no-store": {
    sqlstate: "0A000",
    http: 409,
    publicMessage: "this needs a store, and the configuration has none; add `store`",
  },
  "access/not-recorded": {
    sqlstate: "58030",
    http: 503,
    publicMessage:
      "this was done, but its record is not in the ledger yet, where it has to be; look before you repeat it",
  },
  "access/user-disabled": {
    sqlstate: "28000",
    http: 403,
    publicMessage: "this user is disabled; ask whoever operates this gateway",
  },
  "access/user-not-found": {
    sqlstate: "42704",
    http: 404,
    publicMessage: "there is no such user",
  },
  "access/user-self": {
    sqlstate: "42501",
    http: 403,
    publicMessage: "nobody disables themselves; ask somebody else to",
  },
  "access/impersonation": {
    sqlstate: "42501",
    http: 403,
    publicMessage: "policy does not let you ask in the name of somebody else",
  },
};
