/** What the log, the ledger and the metrics are told of a request. */
import type { Deed, Event } from "../base/event.ts";
import { type Message, type Notice, noticeOf } from "../base/notice.ts";
import { WEBHOOK_EVENTS } from "../config/schema/webhooks.ts";
import type { Transition } from "./grants.ts";
import type { GrantEvent } from "./machine.ts";
import { type AccessRequest, idOf } from "./request.ts";

/** What is recorded of a transition. */
export function noticesOf(transition: Step, now: number): readonly Notice[] {
  return eventsOf(transition).map((event) => noticeOf(event, now, messageOf(event, transition.request, now)));
}

/** What webhooks are told of it. */
function messageOf(event: Event, request: AccessRequest, now: number): Message | undefined {
  if (!WEBHOOK_EVENTS.some((type) => type === event.event)) return undefined;
  const { event: type, ...facts } = event;
  const { requester, reason, duration, approvals, needed, digest, state, grant } = request;
  const about = {
    id: request.id,
    offer: request.offer,
    requester: requester.username,
    reason,
    durationMs: duration,
    state,
    approvals: approvals.map(({ by }) => by.username),
    needed,
    /** What an approver has to have seen. */
    digest,
    until: grant === undefined ? undefined : new Date(grant.until).toISOString(),
  };
  const timestamp = new Date(now).toISOString();
  return { about: request.id, body: JSON.stringify({ type, timestamp, data: { ...facts, about } }) };
}

type Step = Omit<Transition, "notices">;

type GrantEnded = Extract<Event, { readonly event: "grant.ended.v1" }>;

/** The events of a transition: two where a request becomes a grant in the same moment. */
export function eventsOf({ event, by, byName, request, session = "" }: Step): readonly Event[] {
  const step = { ...placeOf(request), actor: by, actorName: byName, request: request.id };
  const note = request.closing?.note ?? "";
  switch (event) {
    case "submit":
      return [requested(step, request), ...started(request)];
    case "approve":
      return [approved(step, request)];
    case "suffice":
      return [approved(step, request), ...started(request)];
    case "deny":
      return [{ event: "access.denied.v1", ...step, reason: note }];
    case "withdraw":
      return [{ event: "access.withdrawn.v1", ...step }];
    case "lapse":
      return [{ event: "access.expired.v1", ...step }];
    case "review":
      return [{ event: "access.reviewed.v1", ...step, note: request.review?.note ?? "" }];
    case "use":
      return [used(request, session)];
    case "spend":
      return [
        used(request, session),
        { event: "grant.spent.v1", ...placeOf(request), grant: request.id, uses: request.uses },
      ];
    case "change":
      return request.grant === undefined
        ? [{ event: "access.voided.v1", ...step }]
        : [ended(request, step, "changed", note)];
    case "expire":
    case "revoke":
    case "cut":
      return [ended(request, step, REASONS[event], note)];
    default:
      return event satisfies never;
  }
}

const REASONS = { expire: "time", revoke: "revoked", cut: "emergency" } as const satisfies Partial<
  Record<GrantEvent, GrantEnded["reason"]>
>;

function placeOf({ requester, offer }: AccessRequest) {
  return { subject: idOf(requester), namespace: offer.namespace, offer: offer.name };
}

type Common = ReturnType<typeof placeOf> & Required<Deed> & { readonly request: string };

function roleOf({ role }: AccessRequest): string {
  return `${role.kind}/${role.name}`;
}

function requested(step: Common, request: AccessRequest): Event {
  const { duration, reason, way } = request;
  const asked = { role: roleOf(request), durationMs: duration, reason, breakGlass: way === "break-glass" };
  return { event: "access.requested.v1", ...step, ...asked };
}

function approved(step: Common, { approvals, needed }: AccessRequest): Event {
  const note = approvals.at(-1)?.note ?? "";
  return { event: "access.approved.v1", ...step, approvals: approvals.length, needed, note };
}

function used(request: AccessRequest, session: string): Event {
  return { event: "grant.used.v1", ...placeOf(request), grant: request.id, session, uses: request.uses };
}

function started(request: AccessRequest): Event[] {
  const { id, grant, way } = request;
  if (grant === undefined) return [];
  const given = { grant: id, request: id, role: roleOf(request), way, until: grant.until };
  return [{ event: "grant.started.v1", ...placeOf(request), ...given }];
}

function ended(
  request: AccessRequest,
  { actor, actorName }: Common,
  reason: GrantEnded["reason"],
  note: string,
): Event {
  return { event: "grant.ended.v1", ...placeOf(request), actor, actorName, grant: request.id, reason, note };
}
