/**
 * The evaluator that one would write first: it looks at every object each time and has no index. It shares no code with
 * the real one, so that each is a check of the other.
 */
import type { Attributes } from "../../../src/policy/rbac/attributes.ts";
import type {
  Binding,
  ClusterRole,
  LabelSelector,
  PolicyObject,
  PolicyRule,
  Subject,
  TimedBinding,
} from "../../../src/policy/rbac/objects.ts";

interface Answer {
  readonly kind: "allow" | "no-opinion";
  readonly until: number | undefined;
  readonly grantId: string | undefined;
}

export class NaivePolicy {
  readonly #objects: readonly PolicyObject[];
  readonly #grants: readonly TimedBinding[];

  constructor(objects: readonly PolicyObject[], grants: readonly TimedBinding[]) {
    this.#objects = objects;
    this.#grants = grants;
  }

  authorize(attributes: Attributes, now: number): Answer {
    const none = { kind: "no-opinion", until: undefined, grantId: undefined } as const;
    const bindings = this.#objects.filter((object) => "subjects" in object);
    if (bindings.some((binding) => this.#permits(binding, attributes))) return { ...none, kind: "allow" };
    let best: TimedBinding | undefined;
    for (const grant of this.#grants) {
      if (!(grant.notBefore <= now && now < grant.until && isNear(grant, attributes.peer))) continue;
      if (!this.#permits(grant.binding, attributes)) continue;
      const better = best === undefined || grant.until > best.until;
      if (better || (grant.until === best?.until && grant.grantId < best.grantId)) best = grant;
    }
    return best === undefined ? none : { kind: "allow", until: best.until, grantId: best.grantId };
  }

  rulesPermit(rules: readonly PolicyRule[], attributes: Attributes): boolean {
    return rules.some((rule) => permits(rule, attributes));
  }

  #permits(binding: Binding, attributes: Attributes): boolean {
    if (binding.kind === "RoleBinding") {
      if ("path" in attributes || attributes.namespace !== binding.metadata.namespace) return false;
    }
    const place = binding.kind === "RoleBinding" ? binding.metadata.namespace : "";
    if (!binding.subjects.some((subject) => isMeant(subject, place, attributes))) return false;
    return this.rulesPermit(this.#rulesOf(binding), attributes);
  }

  #rulesOf({ roleRef, ...binding }: Binding): readonly PolicyRule[] {
    for (const object of this.#objects) {
      if (object.kind !== roleRef.kind || object.metadata.name !== roleRef.name) continue;
      if (object.kind === "ClusterRole") return this.#gathered(object, []);
      const inPlace =
        binding.kind === "RoleBinding" && binding.metadata.namespace === object.metadata.namespace;
      if (object.kind === "Role" && inPlace) return object.rules;
    }
    return [];
  }

  #gathered(role: ClusterRole, seen: readonly ClusterRole[]): readonly PolicyRule[] {
    if (role.aggregationRule === undefined) return role.rules;
    const { clusterRoleSelectors } = role.aggregationRule;
    const path = [...seen, role];
    return this.#objects
      .filter((other): other is ClusterRole => other.kind === "ClusterRole" && !path.includes(other))
      .filter(({ metadata }) =>
        clusterRoleSelectors.some((selector) => isSelected(selector, metadata.labels)),
      )
      .flatMap((other) => this.#gathered(other, path));
  }
}

function isSelected(
  { matchLabels, matchExpressions }: LabelSelector,
  labels: Readonly<Record<string, string>>,
) {
  const wrong = Object.keys(matchLabels).filter((key) => labels[key] !== matchLabels[key]);
  const unmet = matchExpressions.filter(({ key, operator, values }) => {
    const there = key in labels;
    const listed = there && values.includes(labels[key] ?? "");
    return !{ In: listed, NotIn: !listed, Exists: there, DoesNotExist: !there }[operator];
  });
  return wrong.length + unmet.length === 0;
}

function isMeant(subject: Subject, place: string, { user }: Attributes): boolean {
  if (subject.kind === "User") return subject.name === user.name;
  if (subject.kind === "Group") return user.groups.includes(subject.name);
  return user.name === `system:serviceaccount:${subject.namespace ?? place}:${subject.name}`;
}

/** The only network of the random grants. */
function isNear({ peers }: TimedBinding, peer: string | undefined): boolean {
  return peers === undefined || (peers.includes("10.0.0.0/8") && peer?.startsWith("10.") === true);
}

function permits(rule: PolicyRule, attributes: Attributes): boolean {
  if (!rule.verbs.some((verb) => verb === "*" || verb === attributes.verb)) return false;
  if ("path" in attributes) {
    const { path } = attributes;
    return rule.nonResourceURLs.some((url) =>
      url.endsWith("*") ? path.startsWith(url.slice(0, url.indexOf("*"))) : url === path,
    );
  }
  const { apiGroup, resource, subresource = "", name = "" } = attributes;
  const whole = subresource === "" ? resource : `${resource}/${subresource}`;
  const any = subresource === "" ? whole : `*/${subresource}`;
  const isDatabase = apiGroup === "postern.dev" && whole === "databases" && name.includes("/");
  const cluster = `${name.split("/")[0]}/*`;
  return (
    rule.apiGroups.some((group) => group === "*" || group === apiGroup) &&
    rule.resources.some((each) => each === "*" || each === whole || each === any) &&
    (rule.resourceNames.length === 0 ||
      rule.resourceNames.some((each) => each === name || (isDatabase && each === cluster)))
  );
}
