/** Access requests and grants. What somebody may do with one is asked where it is done, under the store's lock. */
import { z } from "zod";
import type { Operator } from "../../../../access/operator.ts";
import type { RequestDesk } from "../../../../access/request-desk.ts";
import type { Route } from "../route.ts";
import { route } from "../route.ts";
import { duration, flag, id, instant, namespace, note, objectName } from "../values.ts";

type AccessRequest = Awaited<ReturnType<RequestDesk["get"]>>;
type Offered = ReturnType<RequestDesk["offered"]>[number];

const person = z.object({ issuer: z.string(), subject: z.string(), username: z.string() });
const STATES = ["pending", "active", "spent", "denied", "withdrawn", "unanswered", "void", "ended"] as const;

const request = z
  .object({
    id: z.string(),
    namespace: z.string(),
    offer: z.string(),
    role: z.object({ kind: z.string(), name: z.string() }).describe("What the grant gives."),
    requester: person,
    way: z.enum(["approvals", "preapproved", "break-glass"]),
    duration: z.int().describe("Milliseconds, from when the grant starts."),
    reason: z.string(),
    extends: z.string().optional(),
    state: z.enum(STATES),
    approvalsNeeded: z.int(),
    approvals: z.array(z.object({ by: person, at: instant, note: z.string().optional() })),
    createdAt: instant,
    answerBy: instant.describe("When it lapses unless it is answered."),
    startsAt: instant.optional(),
    until: instant.optional().describe("When the grant ends by itself."),
    uses: z.int().describe("Sessions that it began."),
    maxUses: z.int().optional(),
    closed: z
      .object({ at: instant, by: z.string(), how: z.string(), note: z.string().optional() })
      .optional(),
    reviewNeeded: z.boolean(),
    review: z.object({ by: person, at: instant, note: z.string() }).optional(),
    digest: z.string().describe("Of all that is asked for. An approval with it approves exactly this."),
  })
  .meta({ id: "AccessRequest", title: "AccessRequest" });

const offered = z.object({
  namespace: z.string(),
  name: z.string(),
  description: z.string().optional(),
  role: z.object({ kind: z.string(), name: z.string() }),
  maxDuration: z.int().describe("Milliseconds."),
  reasonRequired: z.boolean(),
  approvals: z.int().describe("How many different people have to approve."),
  canRequest: z.boolean(),
  preapproved: z.boolean().describe("It is granted at once."),
  canBreakGlass: z.boolean(),
});

/** What the API tells about a request, for its clients. */
export type RequestAnswer = z.output<typeof request>;
/** What the API tells about an offer, for its clients. */
export type OfferAnswer = z.output<typeof offered>;

const one = z.object({ id });

/** What each step is in policy's words: `approve` is a verb of its own, as every answer is of those who may. */
const ACTS = {
  approve: { verb: "approve", resource: "accessrequests" },
  deny: { verb: "approve", resource: "accessrequests" },
  review: { verb: "approve", resource: "accessrequests" },
  withdraw: { verb: "delete", resource: "accessrequests" },
  extend: { verb: "create", resource: "accessrequests" },
  revoke: { verb: "delete", resource: "grants" },
} as const;

const noted = z.object({ note: note.optional() });
const tag = "access";

export const requestRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/offers",
    id: "listOffered",
    summary: "What the asker could ask for.",
    tag,
    need: { kind: "identity" },
    answer: z.object({ items: z.array(offered) }),
    handle: async (operator, _, { requests }) => ({ items: requests.offered(operator).map(shownOffer) }),
  }),
  route({
    method: "POST",
    path: "/namespaces/{namespace}/accessrequests",
    id: "requestAccess",
    summary: "Asks for what is offered. It begins at once where the offer says so.",
    tag,
    status: 201,
    need: {
      kind: "identity",
      tries: ({ namespace: space }) => ({ verb: "create", resource: "accessrequests", namespace: space }),
    },
    params: z.object({ namespace }),
    body: z.object({
      offer: objectName.describe("The offer's name."),
      duration,
      reason: note.optional(),
      breakGlass: z.boolean().default(false).describe("Take it at once, and answer for it afterwards."),
    }),
    answer: request,
    handle: async (operator, { params, body }, { requests }) => {
      const { offer: name, reason, breakGlass } = body;
      const offer = { namespace: params.namespace, name };
      const ask = { offer, duration: body.duration, reason, breakGlass, extends: undefined };
      return shown(await requests.request(operator, ask));
    },
  }),
  route({
    method: "GET",
    path: "/accessrequests",
    id: "listAccessRequests",
    summary: "Requests that concern the asker, newest first: their own, and those they may answer or see.",
    tag,
    need: { kind: "identity" },
    query: z.object({
      state: z
        .enum([...STATES, "open", "all"])
        .default("open")
        .describe("`open`: pending, active and spent."),
      mine: flag.describe("Only one's own."),
      unreviewed: flag.describe("Only those whose review is due."),
    }),
    answer: z.object({ items: z.array(request) }),
    handle: async (operator, { query }, { requests }) => {
      const { state, mine, unreviewed } = query;
      const states = state === "all" ? undefined : state === "open" ? OPEN : [state];
      const { issuer, subject } = operator.identity;
      const requester = mine ? { issuer, subject } : undefined;
      const listed = await requests.list(operator, {
        states,
        requester,
        unreviewed: unreviewed || undefined,
      });
      return { items: listed.map(shown) };
    },
  }),
  route({
    method: "GET",
    path: "/accessrequests/{id}",
    id: "getAccessRequest",
    summary: "One request.",
    tag,
    need: { kind: "identity" },
    params: one,
    answer: request,
    handle: async (operator, { params }, { requests }) => shown(await requests.get(operator, params.id)),
  }),
  step("approve", {
    id: "approveAccessRequest",
    summary: "Approves a request. The last approval that is needed begins the grant.",
    body: noted.extend({
      digest: z.string().max(100).optional().describe("Of the request as it was shown."),
    }),
    take: (requests, operator, id, body) =>
      requests.approve(operator, id, { seen: body.digest, note: body.note }),
  }),
  step("deny", {
    id: "denyAccessRequest",
    summary: "Denies a request, for good.",
    body: noted,
    take: (requests, operator, id, body) => requests.deny(operator, id, body.note),
  }),
  step("withdraw", {
    id: "withdrawAccessRequest",
    summary: "Takes one's own request back before it was answered.",
    body: noted,
    take: (requests, operator, id, body) => requests.withdraw(operator, id, body.note),
  }),
  step("extend", {
    id: "extendAccessRequest",
    summary: "Asks for a grant to go on: a new request for the same offer.",
    status: 201,
    body: z.object({ duration, reason: note.optional() }),
    take: (requests, operator, id, body) =>
      requests.extend(operator, id, { duration: body.duration, reason: body.reason }),
  }),
  step("revoke", {
    id: "revokeGrant",
    summary: "Ends a grant, and with it every session that rests on it.",
    body: noted.extend({ emergency: z.boolean().default(false) }),
    take: (requests, operator, id, body) => requests.revoke(operator, id, body),
  }),
  step("review", {
    id: "reviewAccessRequest",
    summary: "Takes note that somebody else has looked at what was taken in an emergency.",
    body: z.object({ note }),
    take: (requests, operator, id, body) => requests.review(operator, id, body.note),
  }),
];

interface Step<B extends z.ZodType> extends Pick<Route, "id" | "summary" | "status"> {
  readonly body: B;
  readonly take: (
    requests: RequestDesk,
    operator: Operator,
    id: string,
    body: z.output<B>,
  ) => Promise<AccessRequest>;
}

/** A step that somebody takes with one request, and the request after it. */
function step<B extends z.ZodType>(verb: keyof typeof ACTS, { take, ...parts }: Step<B>): Route {
  return route({
    ...parts,
    method: "POST",
    path: `/accessrequests/{id}/${verb}`,
    tag,
    need: {
      kind: "identity",
      tries: ({ id: name }) => ({ ...ACTS[verb], name }),
    },
    params: one,
    answer: request,
    handle: async (operator, { params, body }, { requests }) =>
      shown(await take(requests, operator, params.id, body as z.output<B>)), // by this very schema
  });
}

/** To which something can still happen. */
const OPEN = ["pending", "active", "spent"] as const;

function shown(of: AccessRequest): z.input<typeof request> {
  const { offer, grant, needed, approvals, closing, review, ...rest } = of;
  return {
    ...rest,
    namespace: offer.namespace,
    offer: offer.name,
    approvalsNeeded: needed,
    approvals: approvals.map(({ by, at, note: said }) => ({ by, at, note: said })),
    startsAt: grant?.startsAt,
    until: grant?.until,
    closed: closing && { at: closing.at, by: closing.by, how: closing.event, note: closing.note },
    review: review && { by: review.by, at: review.at, note: review.note },
  };
}

function shownOffer({ offer, ...can }: Offered): z.input<typeof offered> {
  const { metadata, spec } = offer;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    description: spec.description,
    role: spec.role,
    maxDuration: spec.maxDuration,
    reasonRequired: spec.reasonRequired,
    approvals: spec.approvals.count,
    ...can,
  };
}
