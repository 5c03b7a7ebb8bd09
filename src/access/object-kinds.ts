import { POSTERN_GROUP, RBAC_GROUP } from "../policy/rbac/objects.ts";

export { RBAC_GROUP };

/** What policy is written in. */
export type ObjectKind = "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding" | "AccessOffer";

export interface KindFacts {
  readonly kind: ObjectKind;
  readonly apiGroup: string;
  /** The resource that rules name. */
  readonly resource: string;
  readonly namespaced: boolean;
}

/** Every kind of object, by its resource. */
export const KINDS: Readonly<Record<string, KindFacts>> = Object.freeze(
  Object.fromEntries(
    [
      rbac("Role", "roles", true),
      rbac("ClusterRole", "clusterroles", false),
      rbac("RoleBinding", "rolebindings", true),
      rbac("ClusterRoleBinding", "clusterrolebindings", false),
      {
        kind: "AccessOffer",
        apiGroup: POSTERN_GROUP,
        resource: "accessoffers",
        namespaced: true,
      } as const,
    ].map((facts) => [facts.resource, facts]),
  ),
);

function rbac(kind: ObjectKind, resource: string, namespaced: boolean): KindFacts {
  return { kind, apiGroup: RBAC_GROUP, resource, namespaced };
}
