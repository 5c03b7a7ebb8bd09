/**
 * The shape of the table that Postern's evaluator and Kubernetes' are both held to. Objects are written as people write
 * them, so that each program reads them in its own way.
 */

export interface RawRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface RawObject {
  readonly apiVersion: "rbac.authorization.k8s.io/v1";
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  readonly [field: string]: unknown;
}

type Labels = Readonly<Record<string, string>>;

export interface Asked {
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly verb?: string;
  readonly apiGroup?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly name?: string;
  /** `prod` unless said; empty: in no namespace. */
  readonly namespace?: string;
  /** A path is asked for, and no resource. */
  readonly path?: string;
}

export interface AuthorizeCase {
  readonly name: string;
  readonly objects: readonly RawObject[];
  readonly asked: Asked;
  readonly allowed: boolean;
}

export interface CoversCase {
  readonly name: string;
  readonly held: readonly RawRule[];
  readonly wanted: readonly RawRule[];
  readonly covered: boolean;
}

const apiVersion = "rbac.authorization.k8s.io/v1";

export function role(name: string, rules: readonly RawRule[], namespace = "prod"): RawObject {
  return { apiVersion, kind: "Role", metadata: { name, namespace }, rules };
}

export function clusterRole(name: string, rules: readonly RawRule[], labels: Labels = {}): RawObject {
  return { apiVersion, kind: "ClusterRole", metadata: { name, labels }, rules };
}

/** A ClusterRole that gathers others by selectors. */
export function aggregate(
  name: string,
  selectors: readonly object[],
  labels: Labels = {},
  rules: readonly RawRule[] = [],
) {
  const aggregationRule = { clusterRoleSelectors: selectors };
  return { apiVersion, kind: "ClusterRole", metadata: { name, labels }, rules, aggregationRule } as const;
}

export interface RawSubject {
  readonly kind: "User" | "Group" | "ServiceAccount";
  readonly name: string;
  readonly namespace?: string;
}

export const ada: RawSubject = { kind: "User", name: "ada" };

export function bind(
  ref: `${"Role" | "ClusterRole"}/${string}`,
  subjects: readonly RawSubject[] = [ada],
  { namespace = "prod", name = "binding" } = {},
): RawObject {
  return {
    apiVersion,
    kind: "RoleBinding",
    metadata: { name, namespace },
    subjects: subjects.map(whole),
    roleRef: refOf(ref),
  };
}

export function bindEverywhere(name: string, subjects: readonly RawSubject[] = [ada]): RawObject {
  return {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: { name: `binding-${name}` },
    subjects: subjects.map(whole),
    roleRef: refOf(`ClusterRole/${name}`),
  };
}

function refOf(ref: string) {
  const [kind, name] = ref.split("/");
  return { apiGroup: "rbac.authorization.k8s.io", kind, name };
}

function whole(subject: RawSubject) {
  return subject.kind === "ServiceAccount" ? subject : { apiGroup: "rbac.authorization.k8s.io", ...subject };
}
