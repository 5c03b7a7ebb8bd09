import type { ErrorSpec } from "../../base/error.ts";

/** Why a personal access token was not made, listed or revoked. */
export type TokenErrorCode =
  | "tokens/by-token"
  | "tokens/name"
  | "tokens/name-taken"
  | "tokens/lifetime"
  | "tokens/roles"
  | "tokens/networks"
  | "tokens/too-many"
  | "tokens/not-found"
  | "tokens/unavailable";

const refused = (http: number, publicMessage: string): ErrorSpec => ({
  sqlstate: "28000",
  http,
  publicMessage,
});

export const tokenErrors: Readonly<Record<TokenErrorCode, ErrorSpec>> = {
  "tokens/by-token": refused(403, "a personal token cannot make another; use the login of your issuer"),
  "tokens/name": refused(422, "the name has to be one line of 1 to 128 characters"),
  "tokens/name-taken": refused(409, "another of your tokens has this name; revoke it or choose another"),
  "tokens/lifetime": refused(422, "the token has to end, and within the longest time that is allowed"),
  "tokens/roles": refused(422, "the roles have to be a list of names of database roles"),
  "tokens/networks": refused(422, "the networks have to be a list of addresses and networks"),
  "tokens/too-many": refused(429, "you have too many tokens; revoke one first"),
  "tokens/not-found": refused(404, "there is no such token"),
  "tokens/unavailable": {
    sqlstate: "08006",
    http: 503,
    publicMessage: "tokens cannot be looked up at the moment; try again shortly",
  },
};
