import type { AccessOffer } from "../grants/offer.ts";
import { offerSchema } from "../grants/offer.ts";
import type { PolicyObject } from "../policy/rbac/objects.ts";
import { namespaceOf, placeKey } from "../policy/rbac/objects.ts";
import type { PolicyFault } from "../policy/rbac/parse.ts";
import { parsePolicyObject, policyFaults } from "../policy/rbac/parse.ts";

/** Anything that policy is written in. */
export type WrittenObject = PolicyObject | AccessOffer;

/** An object, as it was understood and as it was written. */
export interface Entry {
  readonly object: WrittenObject;
  readonly written: Readonly<Record<string, unknown>>;
  /** Which state of a stored object this is; none of a file's. */
  readonly resourceVersion: number | undefined;
}

export type Read =
  | { readonly kind: "object"; readonly object: WrittenObject }
  | { readonly kind: "faults"; readonly faults: readonly PolicyFault[] };

/** Checks one object, as YAML or JSON gave it. */
export function readObject(value: unknown): Read {
  if (!isOfferish(value)) return parsePolicyObject(value);
  const parsed = offerSchema.safeParse(value, { reportInput: true });
  return parsed.success
    ? { kind: "object", object: parsed.data }
    : { kind: "faults", faults: policyFaults(parsed.error) };
}

function isOfferish(value: unknown): boolean {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "AccessOffer";
}

export function isOffer(object: WrittenObject): object is AccessOffer {
  return object.kind === "AccessOffer";
}

/** The namespace of an object, none where it has no place in one. */
export function spaceOf(object: WrittenObject): string | undefined {
  return isOffer(object) ? object.metadata.namespace : namespaceOf(object);
}

/** What an object may be found by: `RoleBinding/prod/readers`. */
export function keyOf(object: WrittenObject): string {
  return placeKey(object.kind, spaceOf(object), object.metadata.name);
}
