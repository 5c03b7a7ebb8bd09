/**
 * What people may do with a request, and what the clock and its offer do to it. Pure: called while nobody else can change
 * the request, with the policy and the time of that very moment. `machine.ts` has the last word on every step.
 */
import { revisionOf, termsOf } from "./digest.ts";
import type { GrantsErrorCode } from "./errors.ts";
import { type GrantEvent, isGrant, next } from "./machine.ts";
import {
  type AccessRequest,
  type Actor,
  type Approval,
  type Doer,
  idOf,
  isSame,
  type Person,
  personOf,
} from "./request.ts";
import type { Offers, Rights } from "./rights.ts";
import type { Ruling } from "./table.ts";

/** The policy and the offers of the moment. */
export interface Law {
  readonly offers: Offers;
  readonly rights: Rights;
}

/** One step that somebody wants to take. */
export interface Step {
  readonly request: AccessRequest;
  readonly actor: Actor;
  readonly now: number;
  readonly note: string | undefined;
}

/** The verb and resource that approvers need for the offer's name, beside being listed in it. */
const APPROVE = ["approve", "accessrequests"] as const;
/** And who may end anybody's grants. */
const END_GRANTS = ["delete", "grants"] as const;

/**
 * Adds an approval, and begins the grant with the last that is asked for.
 * @param seen the digest of what the approver was shown; the same as the request's, or nothing happens
 */
export function approve(step: Step, law: Law, seen: string | undefined): Ruling {
  const { request, actor, now } = step;
  const refused = answerFault(step, law);
  if (refused !== undefined) return refused;
  if (seen !== undefined && seen !== request.digest)
    return refuse(request, "grants/changed", "the approver was shown another request");
  if (law.rights.isDisabled(request.requester))
    return refuse(request, "grants/requester-disabled", `${idOf(request.requester)} is disabled`);
  if (request.approvals.some(({ by }) => isSamePerson(by, actor, law)))
    return refuse(request, "grants/answered", `${idOf(actor)} has approved already`);
  const approval = { by: personOf(actor), at: now, digest: request.digest, note: step.note };
  const approvals = [...request.approvals, approval];
  const enough = countValid(request, approvals, law) >= request.needed;
  const grant = enough ? { startsAt: now, until: now + request.duration } : undefined;
  return advance(request, enough ? "suffice" : "approve", { approvals, grant });
}

/** Says no. One is enough, for good: asking again is a new request. */
export function deny(step: Step, law: Law): Ruling {
  return answerFault(step, law) ?? close(step.request, "deny", step.now, idOf(step.actor), step.note);
}

/** Takes a request back that was not answered yet. */
export function withdraw({ request, actor, now, note }: Step): Ruling {
  if (!isSame(request.requester, actor))
    return refuse(request, "grants/not-permitted", `${idOf(actor)} did not make this request`);
  return close(request, "withdraw", now, idOf(actor), note);
}

/** Ends a grant: its bearer gives it back, whoever could approve it takes it back, whoever may end all ends it. */
export function revoke({ request, actor, now, note }: Step, law: Law, emergency: boolean): Ruling {
  const { name, namespace } = request.offer;
  const permitted =
    law.rights.may(actor, ...END_GRANTS, name, namespace) ||
    (!emergency && (isSame(request.requester, actor) || isApprover(actor, request, law)));
  if (!permitted) return refuse(request, "grants/not-permitted", `${idOf(actor)} may not end this grant`);
  return close(request, emergency ? "cut" : "revoke", now, idOf(actor), note);
}

/** Takes note that somebody else has looked at what was taken in an emergency. */
export function review({ request, actor, now, note }: Step, law: Law): Ruling {
  if (isSamePerson(request.requester, actor, law))
    return refuse(request, "grants/own-request", `${idOf(actor)} made this request`);
  if (!isApprover(actor, request, law))
    return refuse(request, "grants/not-permitted", `${idOf(actor)} is no approver of the offer`);
  if (!request.reviewNeeded || request.review !== undefined)
    return refuse(request, "grants/state", "no review is due");
  if (note === undefined) return refuse(request, "grants/reason", "a review says what was found");
  return {
    request: { ...request, review: { at: now, by: personOf(actor), note } },
    event: undefined,
    refused: undefined,
  };
}

/** What has become of a request by itself: its time is over, or its offer is another one. */
export function settle(request: AccessRequest, now: number, { offers }: Pick<Law, "offers">): Ruling {
  const { state, grant } = request;
  if (state === "pending" && now >= request.answerBy)
    return close(request, "lapse", now, "system", undefined);
  if (grant !== undefined && isGrant(state) && now >= grant.until)
    return close(request, "expire", now, "system", undefined);
  if (next(state, "change") !== undefined && isChanged(request, offers))
    return close(request, "change", now, "system", undefined);
  return { request, event: undefined, refused: undefined };
}

/**
 * Whether what was asked for, or given, is not on offer any more. A pending request is about the whole offer as it was; a
 * grant about what it gives, so that a new approver in the offer ends nobody's work.
 */
export function isChanged(request: AccessRequest, offers: Offers): boolean {
  const current = offers.find(request.offer);
  if (current === undefined) return true;
  return isGrant(request.state)
    ? termsOf(current) !== request.terms
    : revisionOf(current) !== request.revision;
}

/** Why an actor cannot answer a request, with what became of it when it was too late for anybody. */
function answerFault({ request, actor, now }: Step, law: Law): Ruling | undefined {
  if (isSamePerson(request.requester, actor, law))
    return refuse(request, "grants/own-request", `${idOf(actor)} made this request`);
  if (!isApprover(actor, request, law))
    return refuse(request, "grants/not-permitted", `${idOf(actor)} is no approver of the offer`);
  const settled = settle(request, now, law);
  if (settled.event === "lapse") return { ...settled, ...refusal("grants/late", "nobody answered in time") };
  if (settled.event === "change")
    return { ...settled, ...refusal("grants/changed", "the offer or its role is not what it was") };
  if (next(request.state, "approve") === undefined)
    return { ...settled, ...refusal("grants/state", `the request is ${settled.request.state}`) };
  return undefined;
}

/** Whether somebody may answer requests for an offer: listed in it, and with the right to, both now. */
export function isApprover(
  person: Actor | Person,
  { offer }: AccessRequest,
  { offers, rights }: Law,
): boolean {
  const current = offers.find(offer);
  return (
    rights.may(person, ...APPROVE, offer.name, offer.namespace) &&
    (current === undefined || rights.isAmong(person, current.offer.spec.approvals.by, offer.namespace))
  );
}

/** Approvals of different people who could give them now as well: one whose right is gone counts no more. */
function countValid(request: AccessRequest, approvals: readonly Approval[], law: Law): number {
  const valid = approvals.filter(
    ({ by, digest }) =>
      digest === request.digest && !isSamePerson(by, request.requester, law) && isApprover(by, request, law),
  );
  return valid.filter(({ by }, at) => !valid.slice(0, at).some((one) => isSamePerson(one.by, by, law)))
    .length;
}

/** Whether two are one, or one to policy: an account at each of two issuers that are trusted with names is no second person. */
function isSamePerson(a: Person, b: Person, { rights }: Law): boolean {
  const name = rights.userName(a);
  return isSame(a, b) || (name !== "" && name === rights.userName(b));
}

function close(
  request: AccessRequest,
  event: GrantEvent,
  at: number,
  by: Doer,
  note: string | undefined,
): Ruling {
  return advance(request, event, { closing: { at, by, event, note } });
}

/** The one way from state to state. */
function advance(request: AccessRequest, event: GrantEvent, change: Partial<AccessRequest>): Ruling {
  const state = next(request.state, event);
  if (state === undefined) return refuse(request, "grants/state", `the request is ${request.state}`);
  return { request: { ...request, ...change, state }, event, refused: undefined };
}

function refuse(request: AccessRequest, code: GrantsErrorCode, detail: string): Ruling {
  return { request, event: undefined, ...refusal(code, detail) };
}

function refusal(code: GrantsErrorCode, detail: string) {
  return { refused: { code, detail } };
}
