import type { ErrorSpec } from "../base/error.ts";

/** Why a credential was not accepted. Codes are stable and never reused. */
export type IdentityErrorCode =
  | "identity/malformed"
  | "identity/too-large"
  | "identity/algorithm"
  | "identity/header"
  | "identity/issuer"
  | "identity/no-key"
  | "identity/keys-unavailable"
  | "identity/signature"
  | "identity/claims"
  | "identity/expired"
  | "identity/not-yet-valid"
  | "identity/too-old"
  | "identity/audience"
  | "identity/type"
  | "identity/personal-token"
  | "identity/revoked"
  | "identity/owner-disabled"
  | "identity/address"
  | "identity/api-refused"
  | "identity/api-restricted"
  | "identity/api-not-set-up"
  | "identity/api-unavailable"
  | "identity/api-answer"
  | "identity/configuration";

const unanswered: ErrorSpec = {
  sqlstate: "08006",
  http: 503,
  publicMessage: "whoever decides about this login cannot be asked at the moment; try again shortly",
};

const refused = (publicMessage: string): ErrorSpec => ({ sqlstate: "28P01", http: 401, publicMessage });

export const identityErrors: Readonly<Record<IdentityErrorCode, ErrorSpec>> = {
  "identity/malformed": refused("the password is not a valid token"),
  "identity/too-large": refused("the token is too large"),
  "identity/algorithm": refused("the token is not valid"),
  "identity/header": refused("the token is not valid"),
  "identity/issuer": refused("the token is not valid"),
  "identity/no-key": refused("the token is not valid"),
  "identity/keys-unavailable": {
    sqlstate: "08006",
    http: 503,
    publicMessage: "tokens cannot be verified at the moment; try again shortly",
  },
  "identity/signature": refused("the token is not valid"),
  "identity/claims": refused("the token is not valid"),
  "identity/expired": refused("the token has expired; get a new one"),
  "identity/not-yet-valid": refused("the token is not valid yet"),
  "identity/too-old": refused("the token is too old; get a new one"),
  "identity/audience": refused("the token is meant for another service"),
  "identity/type": refused("the token is not valid"),
  "identity/personal-token": refused("the token is not valid"),
  "identity/revoked": refused("the token was revoked; create a new one"),
  "identity/owner-disabled": refused("the token is not valid"),
  "identity/address": refused("the token may not be used from this address"),
  // Said of clusters that are decided about elsewhere; the first in the words of any other token that is not taken.
  "identity/api-refused": refused("the token is not valid"),
  "identity/api-restricted": {
    sqlstate: "28000",
    http: 403,
    publicMessage: "this login is restricted; ask those who manage access to the database",
  },
  "identity/api-not-set-up": {
    sqlstate: "28000",
    http: 403,
    publicMessage: "no access to this role is set up; ask those who manage access to the database",
  },
  "identity/api-unavailable": unanswered,
  "identity/api-answer": unanswered,
  "identity/configuration": {
    sqlstate: "F0000",
    http: 500,
    publicMessage: "the configuration of the issuers cannot be used",
  },
};
