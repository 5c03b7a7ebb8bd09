/**
 * What policy is written in: the four kinds of object of Kubernetes RBAC, in the shape that `kubectl` writes them and with
 * every default filled in. `schema.ts` makes them of what people wrote; nothing else should.
 *
 * The only apiVersion is Kubernetes' own, although the rights are Postern's: an object means the same in both places,
 * and tools that know RBAC objects take Postern's. There is no second spelling.
 */
import type { SubjectId } from "../../base/ids.ts";

/** The API group of policy objects, of role references, and of users and groups as subjects. */
export const RBAC_GROUP = "rbac.authorization.k8s.io";
export const RBAC_VERSION = "rbac.authorization.k8s.io/v1";
/** The API group of what Postern itself gives access to. */
export const POSTERN_GROUP = "postern.dev";

/** One rule: all of its verbs on all of its resources, or on all of its paths. A list that is not used is empty. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Empty: whatever the name. */
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

export interface ObjectMeta {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Which state of a stored object this is; who writes one back that is not current is refused. */
  readonly resourceVersion?: string | undefined;
}

export interface NamespacedMeta extends ObjectMeta {
  readonly namespace: string;
}

/** Rights within one namespace. */
export interface Role {
  readonly apiVersion: typeof RBAC_VERSION;
  readonly kind: "Role";
  readonly metadata: NamespacedMeta;
  readonly rules: readonly PolicyRule[];
}

/** Rights that ClusterRoleBindings give everywhere, and RoleBindings within their namespace. */
export interface ClusterRole {
  readonly apiVersion: typeof RBAC_VERSION;
  readonly kind: "ClusterRole";
  readonly metadata: ObjectMeta;
  /** Without meaning where there is an aggregationRule, as in Kubernetes, which overwrites them. */
  readonly rules: readonly PolicyRule[];
  readonly aggregationRule?: AggregationRule | undefined;
}

/** The rules of every other ClusterRole that one of the selectors selects. */
export interface AggregationRule {
  readonly clusterRoleSelectors: readonly LabelSelector[];
}

/** All of its requirements must hold; one without any selects everything. */
export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly LabelRequirement[];
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

export type Subject = UserSubject | GroupSubject | ServiceAccountSubject;

export interface UserSubject {
  readonly kind: "User";
  readonly apiGroup: typeof RBAC_GROUP;
  readonly name: string;
}

export interface GroupSubject {
  readonly kind: "Group";
  readonly apiGroup: typeof RBAC_GROUP;
  readonly name: string;
}

export interface ServiceAccountSubject {
  readonly kind: "ServiceAccount";
  readonly name: string;
  /** In a RoleBinding that names none: the binding's own. */
  readonly namespace?: string | undefined;
}

export interface RoleRef {
  readonly apiGroup: typeof RBAC_GROUP;
  readonly kind: "Role" | "ClusterRole";
  readonly name: string;
}

export interface ClusterRoleRef extends RoleRef {
  readonly kind: "ClusterRole";
}

/** Gives its subjects a Role, or a ClusterRole's rights, in the binding's namespace. */
export interface RoleBinding {
  readonly apiVersion: typeof RBAC_VERSION;
  readonly kind: "RoleBinding";
  readonly metadata: NamespacedMeta;
  readonly subjects: readonly Subject[];
  readonly roleRef: RoleRef;
}

/** Gives its subjects a ClusterRole's rights everywhere. */
export interface ClusterRoleBinding {
  readonly apiVersion: typeof RBAC_VERSION;
  readonly kind: "ClusterRoleBinding";
  readonly metadata: ObjectMeta;
  readonly subjects: readonly Subject[];
  readonly roleRef: ClusterRoleRef;
}

export type AnyRole = Role | ClusterRole;
export type Binding = RoleBinding | ClusterRoleBinding;
export type PolicyObject = AnyRole | Binding;

/** A binding that begins and ends by itself: what an approved access request becomes. */
export interface TimedBinding {
  readonly binding: Binding;
  readonly grantId: string;
  /** Whose it is: nobody else of the same name has it. Where it is not known, the binding's subject alone counts. */
  readonly holder?: SubjectId | undefined;
  /** Milliseconds since the epoch: from this moment on. */
  readonly notBefore: number;
  /** Milliseconds since the epoch: at this moment no more. */
  readonly until: number;
  /** How often it may be used. The evaluator counts nothing: who admits consumes the grant. */
  readonly maxUses?: number | undefined;
  /** Networks (`10.0.0.0/8`, `::1`) from which it may be used; from anywhere when there is no list. */
  readonly peers?: readonly string[] | undefined;
}

/** What an object may be found by, and no two objects share: `RoleBinding/prod/readers`, `ClusterRole//admin`. */
export function objectKey(object: PolicyObject): string {
  return placeKey(object.kind, namespaceOf(object), object.metadata.name);
}

/** The same of an object that is only named. @param namespace none where it has no place in one */
export function placeKey(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ""}/${name}`;
}

/** The namespace of an object, none where it has no place in one. */
export function namespaceOf(object: PolicyObject): string | undefined {
  return object.kind === "Role" || object.kind === "RoleBinding" ? object.metadata.namespace : undefined;
}
