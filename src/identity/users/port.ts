/**
 * Users: whoever has proved who they are to some node, and whom an operator has shut out. What this room asks of
 * wherever they are kept; src/store answers it.
 */
import type { SubjectId } from "../../base/ids.ts";
import type { Notice } from "../../base/notice.ts";

/** Who somebody is, never by the name alone. */
export interface UserKey {
  /** The `iss` of their identity, or its issuer's configured name when its tokens carry none. */
  readonly issuer: string;
  readonly subject: string;
}

export interface Disabling {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

/** A user as they are kept. Name and groups are those of their last login with a signed token. */
export interface UserRecord extends UserKey {
  readonly username: string;
  readonly groups: readonly string[];
  /** Undefined of somebody who was disabled before they ever came. */
  readonly firstSeenAt: number | undefined;
  readonly lastSeenAt: number | undefined;
  readonly disabled: Disabling | undefined;
}

/** Somebody who has just proved who they are. */
export interface Sighting extends UserKey {
  readonly username: string;
  readonly groups: readonly string[];
  /** Whether their issuer says so now; a personal token only repeats what it said once. */
  readonly signed: boolean;
}

/** Who is disabled, as of one moment. */
export interface DisabledList {
  /** Another one after each change. */
  readonly revision: string;
  readonly users: readonly UserKey[];
}

export interface UserFilter {
  /** A username, a subject, or `<issuer>:<subject>`. */
  readonly name?: string | undefined;
  readonly disabledOnly?: boolean | undefined;
}

/** What an operator does to a user. */
export interface UserChange {
  readonly user: UserKey;
  readonly actor: UserKey & { readonly id: SubjectId };
  /** What is written of it in the same transaction, unless they were so already. */
  readonly notices: readonly Notice[];
}

export type UserChanged =
  /** `before`: whether they were disabled already. */
  | { readonly kind: "changed"; readonly record: UserRecord; readonly before: boolean }
  | { readonly kind: "not-found" }
  /** Somebody was faster: whoever wants it done is disabled themselves. */
  | { readonly kind: "actor-disabled" };

/** Where users are kept. Every method rejects when what is there cannot be known. */
export interface UserTable {
  /** Who is disabled, unless nothing has changed since the revision `known`. */
  disabled(known: string): Promise<DisabledList | "unchanged">;
  /** Takes note of people, each of them once. */
  seen(sightings: readonly Sighting[]): Promise<void>;
  /** Those who were seen last come first; a bounded number. */
  list(filter: UserFilter): Promise<readonly UserRecord[]>;
  get(user: UserKey): Promise<UserRecord | undefined>;
  /** @param unseen whether somebody whom no node has seen is taken down to be disabled */
  disable(change: UserChange, reason: string, unseen: boolean): Promise<UserChanged>;
  enable(change: UserChange): Promise<UserChanged>;
}

/** A key for maps: no two users have the same, whatever stands in issuer and subject. */
export function mapKeyOf({ issuer, subject }: UserKey): string {
  return `${issuer.length}:${issuer}${subject}`;
}
