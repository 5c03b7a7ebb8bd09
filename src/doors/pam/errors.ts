import type { ErrorSpec } from "../../base/error.ts";

/** Why a question of PAM's was refused before or beside the decision about it. Codes are stable and never reused. */
export type PamErrorCode =
  | "pam/malformed"
  | "pam/too-slow"
  | "pam/crowded"
  | "pam/no-login"
  | "pam/ended"
  | "pam/not-ended";

export const pamErrors: Readonly<Record<PamErrorCode, ErrorSpec>> = {
  "pam/malformed": { sqlstate: "08P01", http: 400, publicMessage: "the question is not one of PAM's" },
  "pam/too-slow": { sqlstate: "08006", http: 408, publicMessage: "the question did not come in time" },
  "pam/crowded": { sqlstate: "53300", http: 503, publicMessage: "too many questions at the same time" },
  "pam/no-login": {
    sqlstate: "28000",
    http: 403,
    publicMessage: "there was no login of this role that the account could be checked for",
  },
  "pam/not-ended": { sqlstate: "42501", http: 500, publicMessage: "the session could not be ended" },
  "pam/ended": { sqlstate: "28000", http: 403, publicMessage: "the right to this role has ended" },
};
