import type { ErrorSpec } from "../base/error.ts";

export type PolicyErrorCode =
  | "policy/role"
  | "policy/role-claim"
  | "policy/anonymous"
  | "policy/cluster"
  | "policy/issuer"
  | "policy/database"
  | "policy/replication"
  | "policy/privileged-role"
  | "policy/connect"
  | "policy/assume"
  | "policy/role-choice"
  | "policy/escalation"
  | "policy/role-ref";

/**
 * One wording for all that tells whether a cluster exists: absent and forbidden look alike. Which check failed is in the
 * log and in what `explain` shows.
 */
const closed: ErrorSpec = {
  sqlstate: "28000",
  http: 403,
  publicMessage: "this role is not open to you here; use a role and a database that are, or ask for access",
};

export const policyErrors: Readonly<Record<PolicyErrorCode, ErrorSpec>> = {
  "policy/role": closed,
  "policy/role-claim": closed,
  "policy/anonymous": { sqlstate: "28000", http: 401, publicMessage: "a token that names a role is needed" },
  "policy/cluster": closed,
  "policy/issuer": closed,
  "policy/database": closed,
  "policy/privileged-role": closed,
  "policy/connect": closed,
  "policy/assume": closed,
  // Whom this is said to may open the database, and knows the roles.
  "policy/role-choice": {
    sqlstate: "28000",
    http: 400,
    publicMessage: "more than one role is open to you here; name one in X-Postern-Role",
  },
  "policy/escalation": {
    sqlstate: "42501",
    http: 403,
    publicMessage:
      "nobody can give rights that they do not hold; hold them, or the verb bind or escalate, first",
  },
  "policy/role-ref": {
    sqlstate: "42501",
    http: 409,
    publicMessage: "a binding cannot change its role; delete it and create another",
  },
  // Whom this is said to may open the database without replication, and so knows that it exists.
  "policy/replication": {
    sqlstate: "28000",
    http: 403,
    publicMessage: "this role may not open replication connections",
  },
};
