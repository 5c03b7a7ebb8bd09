import { aggregatedRules, ownRules } from "./aggregation.ts";
import type { Bound, RoleUse } from "./binding-index.ts";
import { BindingIndex, order, refKey } from "./binding-index.ts";
import type { Question } from "./match.ts";
import type { MergedRule } from "./merged-rules.ts";
import { MergedRules } from "./merged-rules.ts";
import type { AnyRole, Binding, ClusterRole, PolicyObject, RoleRef, TimedBinding } from "./objects.ts";
import { objectKey } from "./objects.ts";
import { RuleSet } from "./rule-set.ts";

/** A binding of policy, which holds until somebody removes it. */
export interface Standing extends Bound {
  readonly kind: "standing";
}

/** The binding of a grant, which ends by itself. */
export interface Granted extends Bound {
  readonly kind: "granted";
  readonly grant: TimedBinding;
}

export type AnyBound = Standing | Granted;

/** What makes one policy of another. What is put replaces what has the same key. */
export interface PolicyChange {
  readonly put?: readonly PolicyObject[];
  /** Keys, as `objectKey` has them. */
  readonly remove?: readonly string[];
  readonly putGrants?: readonly TimedBinding[];
  /** Grant ids. */
  readonly removeGrants?: readonly string[];
}

/** From this many roles of one subject in one place on, it pays to find their rules together. */
const MANY_ROLES = 16;
/** The most subjects in places for which that is kept: each takes memory by the number of its rules. */
const MAX_MERGED = 256;

interface State {
  readonly objects: ReadonlyMap<string, PolicyObject>;
  readonly grants: ReadonlyMap<string, TimedBinding>;
  readonly standing: ReadonlyMap<string, Standing>;
  readonly granted: ReadonlyMap<string, Granted>;
  readonly rules: ReadonlyMap<string, RuleSet>;
  readonly standingIndex: BindingIndex<Standing>;
  readonly grantedIndex: BindingIndex<Granted>;
}

/**
 * All policy objects and grants at one moment, indexed. It never changes: who decides with one decides by one policy
 * from the first check to the last.
 */
export class Policy {
  static readonly empty = new Policy({
    objects: new Map(),
    grants: new Map(),
    standing: new Map(),
    granted: new Map(),
    rules: new Map(),
    standingIndex: BindingIndex.of<Standing>([]),
    grantedIndex: BindingIndex.of<Granted>([]),
  });

  readonly #state: State;
  /** Made when they are first asked for, and forgotten with this policy. */
  readonly #mergedLists = new Map<readonly RoleUse<Bound>[], MergedRules<unknown>>();

  private constructor(state: State) {
    this.#state = state;
  }

  /** @throws TypeError when two objects have one key, or two grants one id: which of them counts is not for us to say */
  static of(objects: readonly PolicyObject[], grants: readonly TimedBinding[] = []): Policy {
    checkUnique("object", objects.map(objectKey));
    checkUnique(
      "grant",
      grants.map(({ grantId }) => grantId),
    );
    return Policy.empty.with({ put: objects, putGrants: grants });
  }

  /** Another policy, which differs by this. It costs little when little differs. */
  with({ put = [], remove = [], putGrants = [], removeGrants = [] }: PolicyChange): Policy {
    const objects = changed(this.#state.objects, put, objectKey, remove);
    const grants = changed(this.#state.grants, putGrants, ({ grantId }) => grantId, removeGrants);
    const standing = changed(this.#state.standing, put.filter(isBinding).map(toStanding), keyOf, remove);
    const granted = changed(this.#state.granted, putGrants.map(toGranted), keyOf, removeGrants);
    return new Policy({
      objects: objects.map,
      grants: grants.map,
      standing: standing.map,
      granted: granted.map,
      rules: objects.removed.concat(put).some(isRole) ? ruleSets(objects.map) : this.#state.rules,
      standingIndex: this.#state.standingIndex.with(standing.added, standing.removed),
      grantedIndex: this.#state.grantedIndex.with(granted.added, granted.removed),
    });
  }

  get objects(): ReadonlyMap<string, PolicyObject> {
    return this.#state.objects;
  }

  /** By grant id. */
  get grants(): ReadonlyMap<string, TimedBinding> {
    return this.#state.grants;
  }

  get standing(): BindingIndex<Standing> {
    return this.#state.standingIndex;
  }

  get granted(): BindingIndex<Granted> {
    return this.#state.grantedIndex;
  }

  /** Every binding of policy and of grants, in a fixed order. */
  bindings(): AnyBound[] {
    const { standing, granted } = this.#state;
    const sorted = <B extends AnyBound>(map: ReadonlyMap<string, B>) =>
      [...map.values()].sort((a, b) => order(a.key, b.key));
    return [...sorted(standing), ...sorted(granted)];
  }

  /** The rules of the role with this key, or undefined when there is none: then a binding to it gives nothing. */
  rules(roleKey: string): RuleSet | undefined {
    return this.#state.rules.get(roleKey);
  }

  /** A rule of one of the roles that covers the question, always the same one. */
  find<B extends Bound>(uses: readonly RoleUse<B>[], question: Question): MergedRule<RoleUse<B>> | undefined {
    if (uses.length > MANY_ROLES && question.kind === "resource") return this.#merged(uses).find(question);
    for (const use of uses) {
      const placed = this.rules(use.roleKey)?.find(question);
      if (placed !== undefined) return { use, placed };
    }
    return undefined;
  }

  #merged<B extends Bound>(uses: readonly RoleUse<B>[]): MergedRules<RoleUse<B>> {
    const known = this.#mergedLists.get(uses) as MergedRules<RoleUse<B>> | undefined; // put in below, under the same key
    if (known !== undefined) return known;
    const merged = new MergedRules(uses, ({ roleKey }) => this.rules(roleKey));
    const [oldest] = this.#mergedLists.keys();
    if (this.#mergedLists.size >= MAX_MERGED && oldest !== undefined) this.#mergedLists.delete(oldest);
    this.#mergedLists.set(uses, merged);
    return merged;
  }

  /** The rules of the role that a binding in `namespace` (none: everywhere) refers to. */
  rulesOf(ref: RoleRef, namespace: string | undefined): RuleSet | undefined {
    return this.rules(refKey(ref, namespace));
  }
}

function toStanding(binding: Binding): Standing {
  return { kind: "standing", key: objectKey(binding), binding };
}

function toGranted(grant: TimedBinding): Granted {
  return { kind: "granted", key: grant.grantId, binding: grant.binding, grant };
}

function keyOf({ key }: Bound): string {
  return key;
}

function isRole(object: PolicyObject): object is AnyRole {
  return object.kind === "Role" || object.kind === "ClusterRole";
}

function isBinding(object: PolicyObject): object is Binding {
  return !isRole(object);
}

interface Changed<T> {
  readonly map: ReadonlyMap<string, T>;
  readonly added: readonly T[];
  /** What is no longer there, replaced ones included. */
  readonly removed: readonly T[];
}

/** A copy without `remove` and with `put`, in this order. */
function changed<T>(
  from: ReadonlyMap<string, T>,
  put: readonly T[],
  key: (value: T) => string,
  remove: readonly string[],
): Changed<T> {
  if (put.length === 0 && remove.length === 0) return { map: from, added: [], removed: [] };
  const added = new Map(put.map((value) => [key(value), value]));
  const map = new Map(from);
  const removed: T[] = [];
  for (const gone of new Set([...remove, ...added.keys()])) {
    const value = map.get(gone);
    if (value === undefined) continue;
    removed.push(value);
    map.delete(gone);
  }
  for (const [name, value] of added) map.set(name, value);
  return { map, added: [...added.values()], removed };
}

function ruleSets(objects: ReadonlyMap<string, PolicyObject>): ReadonlyMap<string, RuleSet> {
  const roles = [...objects].filter((entry): entry is [string, AnyRole] => isRole(entry[1]));
  const clusterRoles = roles
    .map(([, role]) => role)
    .filter((role): role is ClusterRole => role.kind === "ClusterRole");
  const rulesOf = (role: AnyRole) =>
    role.kind === "ClusterRole" && role.aggregationRule !== undefined
      ? aggregatedRules(role, clusterRoles)
      : ownRules(role);
  return new Map(roles.map(([key, role]) => [key, new RuleSet(rulesOf(role))]));
}

function checkUnique(kind: string, keys: readonly string[]): void {
  const seen = new Set<string>();
  for (const key of keys) {
    if (seen.has(key)) throw new TypeError(`${kind} ${key} is there twice`);
    seen.add(key);
  }
}
