import { RBAC_GROUP, RBAC_VERSION, type RoleBinding, type TimedBinding } from "../policy/rbac/objects.ts";
import { isGrant } from "./machine.ts";
import { type AccessRequest, idOf } from "./request.ts";
import type { Offers, Rights } from "./rights.ts";
import { isChanged } from "./rules.ts";

/** What policy reckons with: grants as bindings that end by themselves. */
export interface GrantBindings {
  /** For who logs in now. */
  readonly usable: readonly TimedBinding[];
  /** For sessions that run: used-up grants are here, too, until their time is over. */
  readonly upholding: readonly TimedBinding[];
}

/**
 * The bindings that requests stand for.
 * @param skew how far the store's clock, which wrote the times, is ahead of this node's
 */
export function bindingsOf(
  requests: readonly AccessRequest[],
  offers: Offers,
  rights: Pick<Rights, "userName" | "isDisabled">,
  skew: number,
): GrantBindings {
  const granted = requests.filter(
    (request) =>
      isGrant(request.state) && !isChanged(request, offers) && !rights.isDisabled(request.requester),
  );
  const bind = (request: AccessRequest) => bindingOf(request, rights, skew);
  return {
    usable: granted.filter(({ state }) => state === "active").flatMap(bind),
    upholding: granted.flatMap(bind),
  };
}

function bindingOf(request: AccessRequest, rights: Pick<Rights, "userName">, skew: number): TimedBinding[] {
  const { id, grant, maxUses, cidrs } = request;
  if (grant === undefined) return [];
  return [
    {
      binding: roleBinding(request, rights.userName(request.requester)),
      grantId: id,
      holder: idOf(request.requester),
      notBefore: grant.startsAt - skew,
      until: grant.until - skew,
      maxUses,
      peers: cidrs,
    },
  ];
}

function roleBinding({ id, offer, role, requester }: AccessRequest, user: string): RoleBinding {
  return {
    apiVersion: RBAC_VERSION,
    kind: "RoleBinding",
    metadata: {
      name: `grant-${id}`,
      namespace: offer.namespace,
      labels: {},
      annotations: { "postern.dev/offer": offer.name, "postern.dev/requester": idOf(requester) },
    },
    subjects: [{ kind: "User", apiGroup: RBAC_GROUP, name: user }],
    roleRef: { apiGroup: RBAC_GROUP, ...role },
  };
}
