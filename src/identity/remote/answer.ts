/**
 * Reads what an API answers that decides about logins: `{user_id, user_role: {role, expires_at?}}`, or the older
 * `{user_id, user_roles: [{role, expires_at}]}`, with `expires_at` in milliseconds as a number or as text.
 */

import type { Answer } from "../../outbound/bounded-request.ts";
import { isName } from "../claims.ts";
import type { IdentityErrorCode } from "../errors.ts";
import type { Json } from "../identity.ts";
import { type JsonObject, parseJsonObject } from "../json.ts";

/** A role that somebody may be, and until when: milliseconds since the epoch, undefined when the API sets no end. */
export interface RemoteGrant {
  readonly role: string;
  readonly until: number | undefined;
}

export type RemoteAnswer =
  | { readonly kind: "known"; readonly userId: string; readonly grants: readonly RemoteGrant[] }
  | { readonly kind: "refused"; readonly code: IdentityErrorCode; readonly detail: string };

/** Whoever has more roles than this was not described by an honest API. */
const MAX_ROLES = 1000;
/** As OIDC Core §2 has it for `sub`. */
const MAX_USER_ID = 255;
/** The end of the year 9999; a later time is one in another unit. */
const MAX_TIME_MS = 253_402_300_799_000;

class Fault extends Error {}

/** What an answer says of a login. Only a 200 that is right in every part says yes to anything. */
export function readAnswer({ status, body }: Pick<Answer, "status" | "body">): RemoteAnswer {
  switch (status) {
    case 200:
      return readBody(body);
    case 401:
      return refused("identity/api-refused", "the API does not take the credential (401)");
    case 403:
      return refused("identity/api-restricted", "the API restricts this login (403)");
    case 406:
      return refused("identity/api-not-set-up", "the API has set nobody up for this role (406)");
    default:
      return refused("identity/api-unavailable", `the API answered ${status}`);
  }
}

function readBody(body: Buffer): RemoteAnswer {
  const parsed = parseJsonObject(body);
  if ("fault" in parsed) return refused("identity/api-answer", `the API's answer is ${parsed.fault}`);
  try {
    return { kind: "known", userId: userIdIn(parsed.value), grants: grantsIn(parsed.value) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return refused("identity/api-answer", `the API's answer ${error.message}`);
  }
}

function userIdIn({ user_id: id }: JsonObject): string {
  if (!isName(id, MAX_USER_ID)) throw new Fault("has no usable user_id");
  return id;
}

function grantsIn({ user_role: one, user_roles: many }: JsonObject): readonly RemoteGrant[] {
  // Which of the two was meant would be a guess.
  if ((one === undefined) === (many === undefined))
    throw new Fault("must have either user_role or user_roles");
  if (one !== undefined) return [grantIn(one)];
  if (!Array.isArray(many) || many.length > MAX_ROLES)
    throw new Fault(`has user_roles that are no list of at most ${MAX_ROLES}`);
  return (many as readonly Json[]).map(grantIn);
}

function grantIn(value: Json): RemoteGrant {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Fault("has a role that is no object");
  const { role, expires_at: expiresAt } = value as JsonObject;
  if (typeof role !== "string" || role === "") throw new Fault("has a role without a name");
  return { role, until: timeIn(expiresAt) };
}

function timeIn(value: Json | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < 0 || number > MAX_TIME_MS)
    throw new Fault("has an expires_at that is no time in milliseconds");
  return number;
}

function refused(code: IdentityErrorCode, detail: string): RemoteAnswer {
  return { kind: "refused", code, detail };
}
