/** Whether somebody may ask for what they ask for, and the request that it becomes. Pure. */

import { isLine } from "../base/line.ts";
import { spanText } from "../base/span.ts";
import { digestOf, revisionOf, termsOf } from "./digest.ts";
import type { GrantsErrorCode } from "./errors.ts";
import { isGrant, START, type Way } from "./machine.ts";
import type { AccessOffer, CurrentOffer } from "./offer.ts";
import { type AccessRequest, type OfferName, type Person, personOf } from "./request.ts";
import type { Rights } from "./rights.ts";
import type { Refusal, Submission } from "./table.ts";

/** What somebody asks for. */
export interface Ask {
  readonly offer: OfferName;
  /** Milliseconds. */
  readonly duration: number;
  readonly reason: string | undefined;
  /** Take it at once and answer for it afterwards. */
  readonly breakGlass: boolean;
  /** The request whose grant is to go on. */
  readonly extends: string | undefined;
}

/** Open requests of one person: more are a script that runs wild, and approvers who stop reading. */
export const MAX_OPEN = 20;
/** Enough for a ticket and two sentences. */
export const MAX_TEXT = 1000;
/** Below that, the grant is over before a login. */
const MIN_GRANT_MS = 1000;
export interface Submitting {
  readonly ask: Ask;
  readonly id: string;
  readonly actor: Person;
  /** The offer asked for, as it is now. */
  readonly current: CurrentOffer | undefined;
  readonly rights: Rights;
  /** The requester's own open requests. */
  readonly open: readonly AccessRequest[];
  readonly now: number;
}

export function submit(submitting: Submitting): Submission {
  const { ask, actor, current, rights } = submitting;
  const way = current && wayOf(ask, actor, current.offer, rights);
  // What is not offered to somebody looks like what does not exist.
  if (current === undefined || way === undefined) return refuse("grants/not-offered", nameOf(ask.offer));
  const fault =
    durationFault(ask, current.offer) ??
    reasonFault(ask, current.offer) ??
    openFault(submitting, current, way);
  return fault === undefined
    ? { kind: "new", request: requestOf(submitting, current, way) }
    : { kind: "refused", ...fault };
}

/** By which way somebody gets the access, if by any. Break-glass is only taken by who says so. */
function wayOf(ask: Ask, actor: Person, { spec, metadata }: AccessOffer, rights: Rights): Way | undefined {
  const among = (subjects: AccessOffer["spec"]["requesters"]) =>
    rights.isAmong(actor, subjects, metadata.namespace);
  if (ask.breakGlass)
    return spec.breakGlass !== undefined && among(spec.breakGlass.subjects) ? "break-glass" : undefined;
  if (among(spec.preapproved)) return "preapproved";
  return among(spec.requesters) ? "approvals" : undefined;
}

function durationFault({ duration, breakGlass }: Ask, { spec }: AccessOffer): Refusal | undefined {
  const most = (breakGlass ? spec.breakGlass?.maxDuration : undefined) ?? spec.maxDuration;
  if (Number.isInteger(duration) && duration >= MIN_GRANT_MS && duration <= most) return undefined;
  return {
    code: "grants/duration",
    detail: `${spanText(duration)}; the offer allows ${spanText(MIN_GRANT_MS)} to ${spanText(most)}`,
  };
}

function reasonFault({ reason, breakGlass }: Ask, { spec }: AccessOffer): Refusal | undefined {
  if (reason === undefined || reason === "")
    return spec.reasonRequired || breakGlass
      ? { code: "grants/reason", detail: "there is none, and the offer wants one" }
      : undefined;
  if (isLine(reason, MAX_TEXT)) return undefined;
  return { code: "grants/reason", detail: `not one line of at most ${MAX_TEXT} characters` };
}

/** A second request for the same would only cost its approvers' attention; a longer one is asked for as such. */
function openFault({ ask, open, now }: Submitting, current: CurrentOffer, way: Way): Refusal | undefined {
  const same = open.filter(
    ({ offer }) => offer.name === ask.offer.name && offer.namespace === ask.offer.namespace,
  );
  const held = same.filter(({ state, grant }) => isGrant(state) && grant !== undefined && now < grant.until);
  const pending =
    way === "approvals"
      ? same.find(({ state, answerBy }) => state === "pending" && now < answerBy)
      : undefined;
  if (pending !== undefined) return { code: "grants/already", detail: `asked for in ${pending.id}` };
  if (ask.extends !== undefined) {
    if (!held.some(({ id }) => id === ask.extends))
      return { code: "grants/not-found", detail: `no grant ${ask.extends} of this offer is running` };
  } else {
    const usable = held.find(({ state, terms }) => state === "active" && terms === termsOf(current));
    if (usable !== undefined) return { code: "grants/already", detail: `granted in ${usable.id}` };
  }
  if (open.length >= MAX_OPEN) return { code: "grants/too-many", detail: `${open.length} are open` };
  return undefined;
}

function requestOf({ ask, id, actor, now }: Submitting, current: CurrentOffer, way: Way): AccessRequest {
  const { spec } = current.offer;
  const asked = {
    id,
    offer: { namespace: ask.offer.namespace, name: ask.offer.name },
    role: { kind: spec.role.kind, name: spec.role.name },
    requester: personOf(actor),
    way,
    duration: ask.duration,
    reason: ask.reason ?? "",
    extends: ask.extends,
    cidrs: spec.cidrs,
    maxUses: spec.maxUses,
    needed: spec.approvals.count,
    revision: revisionOf(current),
    terms: termsOf(current),
    createdAt: now,
    answerBy: now + spec.answerWithin,
    state: START[way],
    approvals: [],
    grant: way === "approvals" ? undefined : { startsAt: now, until: now + ask.duration },
    uses: 0,
    closing: undefined,
    reviewNeeded: way === "break-glass",
    review: undefined,
  } as const;
  return { ...asked, digest: digestOf(asked) };
}

function nameOf({ namespace, name }: OfferName): string {
  return `${namespace}/${name}`;
}

function refuse(code: GrantsErrorCode, detail: string): Submission {
  return { kind: "refused", code, detail };
}
