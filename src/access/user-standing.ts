/** Whether somebody who has proved who they are is let in at all, before anybody asks for what. */
import { subjectId } from "../base/ids.ts";
import type { Trace } from "../base/trace.ts";
import { NO_PROOF } from "../identity/identity.ts";
import type { DisabledUsers } from "../identity/users/disabled.ts";
import type { Sightings } from "../identity/users/sightings.ts";
import type { Bearer } from "../policy/decision.ts";
import type { DeniedTo } from "./denied.ts";
import { denied } from "./denied.ts";

/** What the store knows of users. */
export interface Users {
  readonly disabled: Pick<DisabledUsers, "isKnown" | "has">;
  readonly sightings: Pick<Sightings, "seen">;
}

/**
 * Why somebody gets in nowhere, whatever they wish for; undefined: they are not disabled. While the store has never told
 * who is, nobody can be taken for one who is not.
 * @param users none where there is no store, and so nobody can be disabled
 */
export function shutOut(
  users: Pick<Users, "disabled"> | undefined,
  { issuer, subject, proof }: Pick<Bearer, "issuer" | "subject" | "proof">,
  trace: Trace,
): DeniedTo | undefined {
  if (users === undefined || proof === NO_PROOF) return undefined;
  const { disabled } = users;
  const id = subjectId(issuer, subject);
  const unknown = !disabled.isKnown;
  const refused = unknown || disabled.has({ issuer, subject });
  const saw = unknown
    ? "the store has not told yet who is disabled"
    : `${id} is ${refused ? "" : "not "}disabled`;
  trace({ check: "user", passed: !refused, saw });
  if (!refused) return undefined;
  return denied(unknown ? "access/unavailable" : "access/user-disabled", saw, id);
}
