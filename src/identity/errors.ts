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
  | "identity/configuration";

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
  "identity/configuration": {
    sqlstate: "F0000",
    http: 500,
    publicMessage: "the configuration of the issuers cannot be used",
  },
};
