/** How policy is told to people. Names come from outside: each is quoted, so that none can pass for part of the text. */
import type { Attributes, User } from "./attributes.ts";
import type { PolicyRule } from "./objects.ts";
import { namespaceOf } from "./objects.ts";
import type { AnyBound } from "./policy.ts";
import type { PlacedRule } from "./rule-set.ts";

/** The most names that a text lists. */
const MAX_LISTED = 5;

/** `RoleBinding "readers" in "prod" gives ClusterRole "view", rules[0]` */
export function describeUse(bound: AnyBound, { role, index }: PlacedRule): string {
  const { roleRef } = bound.binding;
  const of = role === roleRef.name ? "" : ` (of ClusterRole ${quote(role)})`;
  return `${describeBinding(bound)} gives ${roleRef.kind} ${quote(roleRef.name)}, rules[${index}]${of}`;
}

export function describeBinding(bound: AnyBound): string {
  const { binding } = bound;
  const namespace = namespaceOf(binding);
  const place = namespace === undefined ? "" : ` in ${quote(namespace)}`;
  const grant = bound.kind === "granted" ? `grant ${quote(bound.grant.grantId)}: ` : "";
  return `${grant}${binding.kind} ${quote(binding.metadata.name)}${place}`;
}

/** `user "ada" of "ops" to connect databases.postern.dev "main/shop" in "prod"` */
export function question(attributes: Attributes): string {
  const who = describeUser(attributes.user);
  if ("path" in attributes) return `${who} to ${word(attributes.verb)} ${quote(attributes.path)}`;
  const { verb, apiGroup, resource, subresource, name, namespace } = attributes;
  const what = word(
    resource + (subresource ? `/${subresource}` : "") + (apiGroup === "" ? "" : `.${apiGroup}`),
  );
  const named = name === undefined || name === "" ? "" : ` ${quote(name)}`;
  return `${who} to ${word(verb)} ${what}${named} ${namespace ? `in ${quote(namespace)}` : "in every namespace"}`;
}

function describeUser({ name, groups }: User): string {
  return `user ${quote(name)}${groups.length === 0 ? "" : ` of ${listed(groups)}`}`;
}

/** `connect databases.postern.dev "main/*"` */
export function describeRule(rule: PolicyRule): string {
  const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
  const verb = verbs.join(",");
  if (nonResourceURLs.length > 0) return `${verb} ${listed(nonResourceURLs)}`;
  const group = apiGroups.join(",");
  const names = resourceNames.length === 0 ? "" : ` ${listed(resourceNames)}`;
  return `${verb} ${resources.join(",")}${group === "" ? "" : `.${group}`}${names}`;
}

/** What is asked may be anything at all; as a rule it is a plain word. */
function word(text: string): string {
  return /^[\w./*-]+$/.test(text) ? text : quote(text);
}

export function quote(text: string): string {
  return JSON.stringify(text);
}

function listed(names: readonly string[]): string {
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : "";
  return names.slice(0, MAX_LISTED).map(quote).join(", ") + more;
}
