/** The kinds of objects that policy is written in, as commands name them. */
import { misuse } from "./failure.ts";

export const RBAC_GROUP = "rbac.authorization.k8s.io";
const POSTERN_GROUP = "postern.dev";

export interface Kind {
  readonly kind: string;
  /** As paths and rules name it. */
  readonly resource: string;
  readonly group: string;
  readonly namespaced: boolean;
}

export const KINDS: readonly Kind[] = [
  { kind: "Role", resource: "roles", group: RBAC_GROUP, namespaced: true },
  { kind: "ClusterRole", resource: "clusterroles", group: RBAC_GROUP, namespaced: false },
  { kind: "RoleBinding", resource: "rolebindings", group: RBAC_GROUP, namespaced: true },
  { kind: "ClusterRoleBinding", resource: "clusterrolebindings", group: RBAC_GROUP, namespaced: false },
  { kind: "AccessOffer", resource: "accessoffers", group: POSTERN_GROUP, namespaced: true },
];

/** What may be typed for a kind: `rolebinding`, `rolebindings`, `RoleBinding`. */
export function kindOf(text: string): Kind {
  const typed = text.toLowerCase();
  const found = KINDS.find(({ kind, resource }) => typed === resource || typed === kind.toLowerCase());
  if (found !== undefined) return found;
  const known = KINDS.map(({ resource }) => resource).join(", ");
  throw misuse(`there is no kind "${text}"; it can be ${known}`);
}

/** The API group that a resource is known in. */
export function groupOf(resource: string): string {
  return KINDS.find((kind) => kind.resource === resource)?.group ?? POSTERN_GROUP;
}
