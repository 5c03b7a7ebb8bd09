/** What this room asks of wherever personal access tokens are kept; src/store answers it. */

import type { Notice } from "../../base/notice.ts";

/** Whose a token is. */
export interface TokenOwner {
  /** The `iss` of the identity that made it, or its issuer's configured name when its tokens carry none. */
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** A token as it is kept: everything but the token. */
export interface PersonalTokenRecord extends TokenOwner {
  readonly id: string;
  /** What its owner calls it. */
  readonly name: string;
  /** HMAC-SHA-256 of the token. */
  readonly hash: Uint8Array;
  /** The database roles it is good for, among those that policy gives its owner; all of them when there is no list. */
  readonly roles: readonly string[] | undefined;
  /** The networks it may be used from; anywhere when there is no list. */
  readonly cidrs: readonly string[] | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
  /** When the owner's issuer last said their name and groups. */
  readonly groupsSeenAt: number | undefined;
  /** When its owner was disabled. */
  readonly ownerDisabledAt: number | undefined;
  readonly lastUsedAt: number | undefined;
  readonly lastUsedFrom: string | undefined;
}

/** Where the verifier finds tokens. */
export interface PersonalTokens {
  /** The tokens of these ids, as they are now; what is not there is left out. Rejects when that cannot be known. */
  find(ids: readonly string[]): Promise<readonly PersonalTokenRecord[]>;
  /** Takes note that a token was used. Its failure is nobody's concern. */
  used(id: string, address: string): Promise<void>;
}

/** Where the desk keeps tokens. */
export interface PersonalTokenTable extends PersonalTokens {
  /**
   * Keeps a token, unless its owner has `limit` live ones already or one of the same name; says which it was.
   * @param tell what is written of it in the same transaction
   */
  insert(token: NewTokenRecord, limit: number, tell: Tell): Promise<InsertOutcome>;
  /** The tokens of an owner, or of everybody, newest first. */
  list(owner: Pick<TokenOwner, "issuer" | "subject"> | undefined): Promise<readonly PersonalTokenRecord[]>;
  /**
   * Revokes a token that was not; undefined when there is none of this id.
   * @param tell what is written of it in the same transaction, when it was not revoked before
   */
  revoke(id: string, tell: Tell): Promise<PersonalTokenRecord | undefined>;
}

export type Tell = (record: PersonalTokenRecord) => readonly Notice[];

export type InsertOutcome =
  | { readonly kind: "inserted"; readonly record: PersonalTokenRecord }
  | { readonly kind: "name-taken" }
  | { readonly kind: "too-many" };

/** A token that is not kept yet. The database's clock says when it was created and when it ends. */
export interface NewTokenRecord extends TokenOwner {
  readonly id: string;
  readonly name: string;
  readonly hash: Uint8Array;
  readonly roles: readonly string[] | undefined;
  readonly cidrs: readonly string[] | undefined;
  /** Milliseconds from now. */
  readonly lifetime: number;
}
