import type { User } from "./attributes.ts";
import type { Binding, RoleRef, Subject } from "./objects.ts";
import { namespaceOf } from "./objects.ts";

/** Whatever holds a binding, under the key that orders it. */
export interface Bound {
  readonly key: string;
  readonly binding: Binding;
}

/** One role as a subject has it in one scope, by these bindings, of which none says more than another. */
export interface RoleUse<B extends Bound> {
  readonly roleKey: string;
  readonly bindings: readonly B[];
}

/** The scope of a ClusterRoleBinding; no namespace is called that. */
const EVERYWHERE = "";

type Scopes<B extends Bound> = ReadonlyMap<string, readonly RoleUse<B>[]>;

/**
 * Bindings by whom they name and where they hold, so that a question looks at those of its user only. It never changes;
 * a changed one shares all but the subjects that were touched.
 */
export class BindingIndex<B extends Bound> {
  readonly #bySubject: ReadonlyMap<string, Scopes<B>>;

  private constructor(bySubject: ReadonlyMap<string, Scopes<B>>) {
    this.#bySubject = bySubject;
  }

  static of<B extends Bound>(bindings: readonly B[]): BindingIndex<B> {
    return new BindingIndex<B>(new Map()).with(bindings, []);
  }

  /** The same with some bindings more and some less. */
  with(added: readonly B[], removed: readonly B[]): BindingIndex<B> {
    const touched = new Map<string, B[]>();
    const gone = new Set(removed);
    const touch = (bound: B) => {
      for (const subject of subjectKeys(bound.binding)) {
        const kept = touched.get(subject) ?? this.#bindingsOf(subject).filter((other) => !gone.has(other));
        touched.set(subject, kept);
        if (!gone.has(bound)) kept.push(bound);
      }
    };
    for (const bound of removed) touch(bound);
    for (const bound of added) touch(bound);
    const bySubject = new Map(this.#bySubject);
    for (const [subject, bindings] of touched) {
      if (bindings.length === 0) bySubject.delete(subject);
      else bySubject.set(subject, scopesOf(bindings));
    }
    return new BindingIndex(bySubject);
  }

  /**
   * Shows `visit` the roles that the user has everywhere, then those in the namespace, a list for each name that the user
   * goes by, until it returns true. Returns whether it did.
   */
  someList(
    user: User,
    namespace: string | undefined,
    visit: (uses: readonly RoleUse<B>[]) => boolean,
  ): boolean {
    return (
      this.#someIn(user, EVERYWHERE, visit) ||
      (namespace !== undefined && namespace !== EVERYWHERE && this.#someIn(user, namespace, visit))
    );
  }

  /** The same, role by role. */
  some(user: User, namespace: string | undefined, visit: (use: RoleUse<B>) => boolean): boolean {
    return this.someList(user, namespace, (uses) => uses.some(visit));
  }

  #someIn(user: User, scope: string, visit: (uses: readonly RoleUse<B>[]) => boolean): boolean {
    const inScope = (subject: string) => {
      const uses = this.#bySubject.get(subject)?.get(scope);
      return uses !== undefined && visit(uses);
    };
    return inScope(`User/${user.name}`) || user.groups.some((group) => inScope(`Group/${group}`));
  }

  #bindingsOf(subject: string): B[] {
    const scopes = this.#bySubject.get(subject);
    return scopes === undefined ? [] : [...scopes.values()].flat().flatMap(({ bindings }) => bindings);
  }
}

/** Sorted, so that the same bindings make the same index in whichever order they came. */
function scopesOf<B extends Bound>(bindings: B[]): Scopes<B> {
  const scopes = new Map<string, Map<string, B[]>>();
  for (const bound of bindings.sort((a, b) => order(a.key, b.key))) {
    const scope = namespaceOf(bound.binding) ?? EVERYWHERE;
    const roles = scopes.get(scope) ?? new Map<string, B[]>();
    scopes.set(scope, roles);
    const roleKey = roleKeyOf(bound.binding);
    const others = roles.get(roleKey);
    if (others === undefined) roles.set(roleKey, [bound]);
    else others.push(bound);
  }
  return new Map(
    [...scopes].map(([scope, roles]) => [
      scope,
      [...roles].map(([roleKey, uses]) => ({ roleKey, bindings: uses })),
    ]),
  );
}

/** For text that people see in a fixed order: by code units, whatever the locale. */
export function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The key of the role that a binding gives, as `objectKey` has it. A Role is always one of the binding's namespace. */
export function roleKeyOf(binding: Binding): string {
  return refKey(binding.roleRef, namespaceOf(binding));
}

export function refKey({ kind, name }: RoleRef, namespace: string | undefined): string {
  return kind === "ClusterRole" ? `ClusterRole//${name}` : `Role/${namespace ?? ""}/${name}`;
}

/** Whom a binding names, each once. A service account is the user that its token makes it. */
function subjectKeys(binding: Binding): ReadonlySet<string> {
  return new Set(binding.subjects.map((subject) => subjectKey(subject, namespaceOf(binding))));
}

function subjectKey(subject: Subject, bindingNamespace: string | undefined): string {
  if (subject.kind !== "ServiceAccount") return `${subject.kind}/${subject.name}`;
  return `User/${serviceAccountName(subject.namespace ?? bindingNamespace ?? "", subject.name)}`;
}

/** The username of a service account ("User accounts versus service accounts" in Kubernetes' documentation). */
export function serviceAccountName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}
