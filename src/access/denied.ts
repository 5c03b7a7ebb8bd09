import type { ErrorSpec } from "../base/error.ts";
import { PosternError } from "../base/error.ts";
import type { SubjectId } from "../base/ids.ts";
import type { GrantsErrorCode } from "../grants/errors.ts";
import { grantsErrors } from "../grants/errors.ts";
import type { IdentityErrorCode } from "../identity/errors.ts";
import { identityErrors } from "../identity/errors.ts";
import type { PolicyErrorCode } from "../policy/errors.ts";
import { policyErrors } from "../policy/errors.ts";
import type { AccessErrorCode } from "./errors.ts";
import { accessErrors } from "./errors.ts";

export type DenialCode = AccessErrorCode | GrantsErrorCode | IdentityErrorCode | PolicyErrorCode;

const denialSpecs: Readonly<Record<DenialCode, ErrorSpec>> = {
  ...accessErrors,
  ...grantsErrors,
  ...identityErrors,
  ...policyErrors,
};

/** The first check that failed, and what the client may know of it. */
export interface Denied {
  readonly kind: "denied";
  readonly code: DenialCode;
  readonly spec: ErrorSpec;
  /** For the log and `explain`. */
  readonly detail: string;
}

/** The same with whom it was proved to be, when that was not what failed. */
export type DeniedTo = Denied & { readonly subject: SubjectId | undefined };

/** @param subject whom it was proved to be, when that was not what failed */
export function denied(code: DenialCode, detail: string, subject: SubjectId | undefined): DeniedTo {
  return { kind: "denied", code, spec: denialSpecs[code], detail, subject };
}

/** Whoever failed too often is not even looked at. */
export function tooManyFailures(address: string): DeniedTo {
  return denied("access/too-many-failures", `${address} failed too often in the last minute`, undefined);
}

/** What keeps an identity from being proved without the client being at fault. */
const OUTAGES: ReadonlySet<DenialCode> = new Set([
  "identity/keys-unavailable",
  "identity/api-unavailable",
  "identity/api-answer",
]);

/** Whether a denial counts as a failed login: the client did not prove who it is, and not for lack of keys. */
export function provesNothing(code: DenialCode): boolean {
  return code.startsWith("identity/") && !OUTAGES.has(code);
}

/** What an operator asked for and cannot have. */
export class Refused extends PosternError {
  constructor({ code, spec, detail }: Pick<Denied, "spec" | "detail"> & { readonly code: string }) {
    super(code, spec, detail);
  }
}

/** What an operator asked for and access does not give. */
export function refused(code: DenialCode, detail: string): Refused {
  return new Refused({ code, spec: denialSpecs[code], detail });
}
