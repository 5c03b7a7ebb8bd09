/** What this room asks of policy, at the moment in which it has to know. */
import type { CurrentOffer, OfferSubjects } from "./offer.ts";
import type { Actor, OfferName, Person } from "./request.ts";

/** What somebody may do, by the policy that is in force now. All of it is synchronous: it is asked while a row is locked. */
export interface Rights {
  /** Whether policy gives somebody a verb on one of Postern's resources. */
  may(actor: Actor | Person, verb: string, resource: string, name: string, namespace: string): boolean;
  /** Whether somebody is one of the subjects; a service account without a namespace is of the offer's. */
  isAmong(person: Person, subjects: OfferSubjects, namespace: string): boolean;
  /** Whether somebody is shut out: they have no right while they are. */
  isDisabled(person: Pick<Person, "issuer" | "subject">): boolean;
  /** The name that a subject of kind User has for somebody. */
  userName(person: Pick<Person, "issuer" | "subject" | "username">): string;
}

/** The offers that are in force now. */
export interface Offers {
  find(name: OfferName): CurrentOffer | undefined;
  list(): readonly CurrentOffer[];
  /**
   * Reads them and the rights anew, before somebody acts by them: a node that has not heard of an offer yet must not take
   * it for one that is gone, nor one that has not heard of a change approve what it was before. Never rejects; returns whether they are known now.
   */
  refresh(): Promise<boolean>;
}
