import type { ErrorSpec } from "../base/error.ts";

export type PolicyErrorCode =
  | "policy/role"
  | "policy/role-claim"
  | "policy/anonymous"
  | "policy/cluster"
  | "policy/issuer"
  | "policy/database"
  | "policy/replication"
  | "policy/privileged-role";

export const policyErrors: Readonly<Record<PolicyErrorCode, ErrorSpec>> = {
  "policy/role": {
    sqlstate: "28000",
    http: 403,
    publicMessage: "the token does not permit this role; connect as the role it names",
  },
  "policy/role-claim": { sqlstate: "28000", http: 403, publicMessage: "the token names no database role" },
  "policy/anonymous": { sqlstate: "28000", http: 401, publicMessage: "a token that names a role is needed" },
  // These three are worded alike on purpose: absent and forbidden look alike.
  "policy/cluster": { sqlstate: "28000", http: 403, publicMessage: "this database may not be opened here" },
  "policy/issuer": { sqlstate: "28000", http: 403, publicMessage: "this database may not be opened here" },
  "policy/database": { sqlstate: "28000", http: 403, publicMessage: "this database may not be opened here" },
  "policy/replication": {
    sqlstate: "28000",
    http: 403,
    publicMessage: "this role may not open replication connections",
  },
  "policy/privileged-role": {
    sqlstate: "28000",
    http: 403,
    publicMessage: "this role has too many rights to be used here",
  },
};
