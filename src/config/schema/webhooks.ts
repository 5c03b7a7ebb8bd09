/** `webhooks`: who is told of access requests and grants. */
import { z } from "zod";
import { duration, filePath, secretSource } from "./values.ts";

/** What HMAC-SHA-256 can make use of. */
const MIN_SECRET_BYTES = 24;
/** Whoever needs more sends them on from one. */
const MAX_WEBHOOKS = 10;
/** A chat tool that takes longer is told by its own queue. */
const MAX_TIMEOUT_MS = 30_000;

/** What can be told: the events of docs/operations.md with these names. */
export const WEBHOOK_EVENTS = [
  "access.requested.v1",
  "access.approved.v1",
  "access.denied.v1",
  "access.withdrawn.v1",
  "access.expired.v1",
  "access.voided.v1",
  "access.reviewed.v1",
  "grant.started.v1",
  "grant.spent.v1",
  "grant.ended.v1",
] as const;

const webhook = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .describe("Where each event is sent by POST, as JSON; see docs/access-requests.md."),
  secret: secretSource
    .refine(
      (secret) => Buffer.byteLength(secret.reveal()) >= MIN_SECRET_BYTES,
      `is shorter than ${MIN_SECRET_BYTES} bytes; make one with: openssl rand -hex 32`,
    )
    .describe("The key of the signature (HMAC-SHA-256); the receiver has it too."),
  events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .optional()
    .describe("Which events are sent; all of access requests and grants by default."),
  timeout: duration
    .refine((ms) => ms <= MAX_TIMEOUT_MS, "is too long; write at most 30s")
    .prefault("5s")
    .describe("How long an answer may take."),
  caFile: filePath.optional().describe("CA certificates (PEM) trusted for the URL instead of the system's."),
  refusePrivateNetworks: z
    .boolean()
    .default(false)
    .describe("Refuse a URL that resolves to private, loopback or link-local addresses."),
});

export const webhooks = z.array(webhook).max(MAX_WEBHOOKS).default([]);
