import { hash } from "node:crypto";
import type { AccessOffer, CurrentOffer } from "./offer.ts";
import type { AccessRequest } from "./request.ts";

/** Two values are told apart exactly when their JSON, with keys in order, differs. */
function digest(value: unknown): string {
  return hash("sha256", JSON.stringify(ordered(value)), "base64url");
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, ordered(each)]),
  );
}

/** Of an offer as a whole, and of what its role gives: a request is about exactly that. */
export function revisionOf({ offer, rules }: CurrentOffer): string {
  const { name, namespace } = offer.metadata;
  return digest({ name, namespace, spec: withoutProse(offer.spec), rules });
}

/** Of what a grant gives: when that changes, the grant that was approved is not there any more. */
export function termsOf({ offer, rules }: CurrentOffer): string {
  const { name, namespace } = offer.metadata;
  const { role, cidrs, maxUses } = offer.spec;
  return digest({ name, namespace, role, cidrs, maxUses, rules });
}

/** Of all that was asked for: what an approver says yes to. */
export function digestOf(request: Omit<AccessRequest, "digest">): string {
  const { id, offer, role, requester, way, duration, reason, cidrs, maxUses, needed, revision, terms } =
    request;
  const { issuer, subject } = requester;
  const asked = { id, offer, role, issuer, subject, way, duration, reason, cidrs, maxUses, needed };
  return digest({ ...asked, extends: request.extends, revision, terms });
}

function withoutProse({ description: _, ...spec }: AccessOffer["spec"]) {
  return spec;
}
