/**
 * Who someone is, once proved. This room turns a credential into an Identity or says which check failed. It knows
 * nothing of clusters, roles or doors: what an identity may do is policy's business.
 */
import type { SubjectId } from "../base/ids.ts";
import { subjectId } from "../base/ids.ts";

/** A JSON value, as claims hold them. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** The claim set of a verified token. Made without a prototype; no duplicate keys. */
export type Claims = { readonly [claim: string]: Json };

/** What proved an identity. A session rests on it: when it is no longer trusted, the session ends. */
export interface Proof {
  /** The issuer's name in the configuration. */
  readonly issuer: string;
  /** RFC 7638 thumbprint of the key that verified the signature (for a shared secret: its SHA-256). */
  readonly keyThumbprint: string;
  readonly algorithm: string;
}

/** What proves who nobody is: there was no credential, so there is nothing that could be taken away. */
export const NO_PROOF = "none";

interface IdentityFields {
  /** The `iss` claim, or the issuer's configured name when tokens carry none. */
  readonly issuer: string;
  readonly subject: string;
  /** For people to read. Never a key: two issuers may use the same name. */
  readonly username: string;
  readonly groups: readonly string[];
  readonly claims: Claims;
  /** When the credential ends, milliseconds since the epoch; undefined when there was none that could. */
  readonly expiresAt: number | undefined;
  /** Until when it is taken from who shows it: its end, or earlier where tokens must not be old (`maxTokenAge`). */
  readonly takenUntil: number | undefined;
  /** The only database roles that this credential is good for, whatever policy gives its bearer; absent: all of them. */
  readonly onlyRoles?: readonly string[] | undefined;
  readonly proof: Proof | typeof NO_PROOF;
}

interface ProvedFields extends IdentityFields {
  readonly proof: Proof;
}

/** An identity that a credential proved. */
export interface ProvedIdentity extends Identity {
  readonly proof: Proof;
}

let seal: (fields: IdentityFields) => Identity;

/** A proved identity. Only this room can make one. */
export class Identity implements IdentityFields {
  readonly #sealed = true;
  readonly id: SubjectId;
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly claims: Claims;
  readonly expiresAt: number | undefined;
  readonly takenUntil: number | undefined;
  readonly onlyRoles: readonly string[] | undefined;
  readonly proof: Proof | typeof NO_PROOF;

  private constructor(fields: IdentityFields) {
    this.id = subjectId(fields.issuer, fields.subject);
    this.issuer = fields.issuer;
    this.subject = fields.subject;
    this.username = fields.username;
    this.groups = fields.groups;
    this.claims = fields.claims;
    this.expiresAt = fields.expiresAt;
    this.takenUntil = fields.takenUntil;
    this.onlyRoles = fields.onlyRoles;
    this.proof = fields.proof;
    Object.freeze(this);
  }

  /** Whether `value` was really made here. */
  static is(value: unknown): value is Identity {
    return typeof value === "object" && value !== null && #sealed in value && value.#sealed;
  }

  static {
    seal = (fields) => new Identity(fields);
  }
}

/** Makes an Identity. Only modules of src/identity may import this (held by test/unit/boundaries.test.ts). */
export function sealIdentity(fields: ProvedFields): ProvedIdentity;
export function sealIdentity(fields: IdentityFields): Identity;
export function sealIdentity(fields: IdentityFields): Identity {
  return seal(fields);
}
