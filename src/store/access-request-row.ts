import { z } from "zod";
import type { AccessRequest } from "../grants/request.ts";
import { optional } from "./fields.ts";
import type { Row, Value } from "./queries.ts";

const person = z.object({
  issuer: z.string(),
  subject: z.string(),
  username: z.string(),
  groups: z.array(z.string()),
});

/** `<issuer>:<subject>`, or Postern itself. Written by us; nothing is decided by it. */
const doer = z.custom<NonNullable<AccessRequest["closing"]>["by"]>((value) => typeof value === "string");

const STATES = ["pending", "active", "spent", "denied", "withdrawn", "unanswered", "void", "ended"] as const;
const EVENTS = [
  ...["approve", "suffice", "deny", "withdraw", "lapse"],
  ...["change", "spend", "expire", "revoke", "cut"],
] as const;
const event = z.custom<NonNullable<AccessRequest["closing"]>["event"]>((value) =>
  EVENTS.some((one) => one === value),
);

/** A request without what is in columns of their own: `state` and `uses`. */
const documentSchema = z.object({
  id: z.string(),
  offer: z.object({ namespace: z.string(), name: z.string() }),
  role: z.object({ kind: z.enum(["Role", "ClusterRole"]), name: z.string() }),
  requester: person,
  way: z.enum(["approvals", "preapproved", "break-glass"]),
  duration: z.number(),
  reason: z.string(),
  extends: optional(z.string()),
  cidrs: optional(z.array(z.string())),
  maxUses: optional(z.number()),
  needed: z.number(),
  revision: z.string(),
  terms: z.string(),
  digest: z.string(),
  createdAt: z.number(),
  answerBy: z.number(),
  approvals: z.array(
    z.object({ by: person, at: z.number(), digest: z.string(), note: optional(z.string()) }),
  ),
  grant: optional(z.object({ startsAt: z.number(), until: z.number() })),
  closing: optional(z.object({ at: z.number(), by: doer, event, note: optional(z.string()) })),
  reviewNeeded: z.boolean(),
  review: optional(z.object({ at: z.number(), by: person, note: z.string() })),
});

const rowSchema = z.object({ state: z.enum(STATES), uses: z.number(), document: documentSchema });

/** What a row needs to be read. */
export const REQUEST_COLUMNS = "state, uses, document";

/** The request of a row. Throws when it is none: what cannot be read gives no rights. */
export function requestOf(row: Row): AccessRequest {
  const { state, uses, document } = rowSchema.parse(row);
  return { ...document, state, uses };
}

/** The columns of a request by their names. Times are milliseconds. */
export function columnsOf(request: AccessRequest, isOpen: boolean): Readonly<Record<string, Value>> {
  const { state, uses, ...document } = request;
  return {
    id: request.id,
    issuer: request.requester.issuer,
    subject: request.requester.subject,
    namespace: request.offer.namespace,
    offer: request.offer.name,
    way: request.way,
    state,
    open: isOpen,
    unreviewed: request.reviewNeeded && request.review === undefined,
    created_at: request.createdAt,
    until: request.grant?.until ?? null,
    max_uses: request.maxUses ?? null,
    uses,
    // What is not there is written down as such: reading it back gives the very same.
    document: JSON.stringify(document, (_, value: unknown) => (value === undefined ? null : value)),
  };
}
