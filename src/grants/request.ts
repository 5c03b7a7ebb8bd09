/** What is known of an access request, from the moment it is made to long after its grant has ended. */
import type { SubjectId } from "../base/ids.ts";
import { subjectId } from "../base/ids.ts";
import type { GrantEvent, State, Way } from "./machine.ts";

/** Somebody, as their credential proved them. The key is issuer and subject, never the name. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** Who does something to a request, and from where. */
export interface Actor extends Person {
  readonly address: string;
}

/** Who did something: a person, or Postern itself when a time was over. */
export type Doer = SubjectId | "system";

export interface OfferName {
  readonly namespace: string;
  readonly name: string;
}

/** The role of the policy that a grant gives. */
export interface GivenRole {
  readonly kind: "Role" | "ClusterRole";
  readonly name: string;
}

export interface Approval {
  readonly by: Person;
  /** Milliseconds since the epoch, by the store's clock, as all times here. */
  readonly at: number;
  /** Of the request as it was approved. */
  readonly digest: string;
  readonly note: string | undefined;
}

/** How a request came to its end, or to be a grant no more. */
export interface Closing {
  readonly at: number;
  readonly by: Doer;
  readonly event: GrantEvent;
  readonly note: string | undefined;
}

export interface Review {
  readonly at: number;
  readonly by: Person;
  readonly note: string;
}

/** An access request, and the grant that it has become. Nothing of what was asked ever changes. */
export interface AccessRequest {
  readonly id: string;
  readonly offer: OfferName;
  readonly role: GivenRole;
  readonly requester: Person;
  readonly way: Way;
  /** How long the grant lasts from when it starts, milliseconds. */
  readonly duration: number;
  readonly reason: string;
  /** The request whose grant this one goes on from. */
  readonly extends: string | undefined;
  /** Networks from which the grant may be used; anywhere when there is no list. */
  readonly cidrs: readonly string[] | undefined;
  /** How often it may be used; as often as one likes when there is no number. */
  readonly maxUses: number | undefined;
  /** How many different people have to approve. */
  readonly needed: number;
  /** Of the whole offer, when it was asked for. */
  readonly revision: string;
  /** Of what the grant gives: the role, its rules, networks and uses. */
  readonly terms: string;
  /** Of all of the above: what an approval binds. */
  readonly digest: string;
  readonly createdAt: number;
  /** When a request that nobody answered lapses. */
  readonly answerBy: number;

  readonly state: State;
  readonly approvals: readonly Approval[];
  /** When the grant began and when it ends by itself. */
  readonly grant: { readonly startsAt: number; readonly until: number } | undefined;
  readonly uses: number;
  readonly closing: Closing | undefined;
  /** Whether somebody else has to look at it afterwards, as at every break-glass. */
  readonly reviewNeeded: boolean;
  readonly review: Review | undefined;
}

/** Whether two are one and the same: the same subject of the same issuer. */
export function isSame(
  a: Pick<Person, "issuer" | "subject">,
  b: Pick<Person, "issuer" | "subject">,
): boolean {
  return a.issuer === b.issuer && a.subject === b.subject;
}

export function idOf({ issuer, subject }: Pick<Person, "issuer" | "subject">): SubjectId {
  return subjectId(issuer, subject);
}

/** The person without the address: what is kept. */
export function personOf({ issuer, subject, username, groups }: Person): Person {
  return { issuer, subject, username, groups };
}

/** A new id: 16 lower-case hex digits, random enough that nobody comes upon another's. */
export function newRequestId(): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, 16);
}
